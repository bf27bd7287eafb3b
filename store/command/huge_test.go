package command

import (
	"testing"

	"spindle/resp"
	"spindle/store"
)

// TestHugeArguments raises proto-max-bulk-len beyond what a record has room for. The long key is memory that nobody touches.
func TestHugeArguments(t *testing.T) {
	r := newRig(t, "proto-max-bulk-len 100gb")
	long := make([]byte, store.KeyMax+1)
	mset, _ := r.s.lookup([][]byte{[]byte("mset"), nil, nil})
	args := func(key []byte) [][]byte { return [][]byte{[]byte("mset"), []byte("a"), long, key, []byte("v")} }
	if err := r.s.checkHuge(r.c, mset, args(long[:store.KeyMax])); err != nil {
		t.Errorf("the longest key: %v", err)
	}
	if err := r.s.checkHuge(r.c, mset, args(long)); err != resp.ErrStringTooLong {
		t.Errorf("a longer key: %v", err)
	}
	if gateHugeOf(len(long)) == 0 || gateHugeOf(store.KeyMax) != 0 {
		t.Error("the gate is not where it should be")
	}
	tooLong := "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n"
	r.ok("SET k value")
	r.want("SETRANGE k 4294901760 x", tooLong)
	r.want("SETRANGE k 9223372036854775807 x", tooLong)
	r.want("SETRANGE new 4294967296 x", tooLong)
	r.want("SETBIT k 34359738368 1", "-ERR bit offset is not an integer or out of range\r\n")
	r.want("BITFIELD k SET u8 34359738368 1", "-ERR bit offset is not an integer or out of range\r\n")
	r.want("GET k", "$5\r\nvalue\r\n")
	r.want("EXISTS new", ":0\r\n")
}
