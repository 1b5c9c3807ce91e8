"""What each stored weight keeps. One file each; README.md says how to add one."""

from hebbsim.precisions.float32 import float32
from hebbsim.precisions.floating import bfloat16, float8
from hebbsim.precisions.integer import int4, int8
from hebbsim.precisions.lloyd_max import lloyd_max

PRECISIONS = {
    "float32": float32,
    "bfloat16": bfloat16,
    "float8": float8,
    "int8": int8,
    "int4": int4,
    "lloyd_max": lloyd_max,
}
