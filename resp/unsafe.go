package resp

import "unsafe"

// unsafeString views b as a string. It saves ParseFloat a copy, and is sound
// because strconv neither keeps nor shares its argument: errors hold a clone.
func unsafeString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
