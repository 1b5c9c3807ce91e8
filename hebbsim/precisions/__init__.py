"""What each stored weight keeps. One file a precision; add yours to the dict."""

from hebbsim.precisions.float32 import float32

PRECISIONS = {"float32": float32}
