package command

import (
	"strings"
	"testing"
)

// BenchmarkData is the way of a pipeline of 16 commands through the server, from the bytes to the replies.
func BenchmarkData(b *testing.B) {
	for _, line := range []string{"PING", "GET k", "SET k some-16-bytes-xx", "INCR n", "MGET k k k", "HSET h element:000000000000 some-16-bytes-xx", "LPUSH l some-16-bytes-xx"} {
		b.Run(strings.ReplaceAll(line, " ", "_"), func(b *testing.B) {
			r := newRig(b)
			r.do("SET k v")
			in := []byte(strings.Repeat(string(encode(strings.Fields(line)...)), 16))
			b.ReportAllocs()
			for b.Loop() {
				r.conn.out = r.conn.out[:0]
				r.c.Data(in)
			}
		})
	}
}
