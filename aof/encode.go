package aof

import (
	"strconv"

	"spindle/resp"
)

// appendSelect appends SELECT db.
func appendSelect(dst []byte, db int) []byte {
	dst = resp.AppendArrayHeader(dst, 2)
	dst = resp.AppendBulk(dst, selectWord)
	return resp.AppendBulkInt(dst, int64(db))
}

// appendTimestamp appends an annotation: from here on the time is sec or later.
func appendTimestamp(dst []byte, sec int64) []byte {
	dst = append(dst, "#TS:"...)
	dst = strconv.AppendInt(dst, sec, 10)
	return append(dst, '\r', '\n')
}
