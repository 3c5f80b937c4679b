"""Tests of the providers' codecs: a package for each, because their files bear the same names."""
