"""python -m hebbsim"""

from hebbsim.cli import main

raise SystemExit(main())
