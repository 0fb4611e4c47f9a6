/*
 * glibc's list of functions that exist only as stubs, which its headers include. It comes with the
 * 32-bit C library's own package; the shim needs nothing else of that and names no function listed.
 * Looked at last, so the real one is taken where there is one.
 */
