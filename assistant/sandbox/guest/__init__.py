"""What runs inside the walls: standard library only, loaded once by the zygote before any untrusted code."""
