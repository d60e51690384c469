"""Compile: what each platform can obey by itself, written from the blocks of a suite's skills."""
