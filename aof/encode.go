package aof

import "strconv"

// appendCommand appends args as a RESP command.
func appendCommand(dst []byte, args ...[]byte) []byte {
	dst = append(dst, '*')
	dst = strconv.AppendInt(dst, int64(len(args)), 10)
	dst = append(dst, '\r', '\n')
	for _, a := range args {
		dst = append(dst, '$')
		dst = strconv.AppendInt(dst, int64(len(a)), 10)
		dst = append(dst, '\r', '\n')
		dst = append(dst, a...)
		dst = append(dst, '\r', '\n')
	}
	return dst
}

// appendSelect appends SELECT db.
func appendSelect(dst []byte, db int) []byte {
	var digits [20]byte
	return appendCommand(dst, selectWord, strconv.AppendInt(digits[:0], int64(db), 10))
}

// appendTimestamp appends an annotation: from here on the time is sec or later.
func appendTimestamp(dst []byte, sec int64) []byte {
	dst = append(dst, "#TS:"...)
	dst = strconv.AppendInt(dst, sec, 10)
	return append(dst, '\r', '\n')
}
