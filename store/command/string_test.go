package command

import "testing"

func TestStringsDoNotAllocate(t *testing.T) {
	r := newRig(t)
	for _, lines := range [][]string{
		{"SET k value", "GET k"},
		{"SET n 10", "INCR n"},
		{"MSET a 1 b two c three"},
	} {
		if n := r.allocs(lines...); n != 0 {
			t.Errorf("%q allocate %v times", lines, n)
		}
	}
}

func TestStringEffects(t *testing.T) {
	r := newRig(t, "appendonly yes")
	r.wantEffects("SET k v", "SET k v")
	r.wantEffects("GET k")
}
