//go:build invariants

package resp

// Invariants tells that borrowed memory is overwritten when its time is up, so
// that a kept alias shows. It costs copies: tests of allocations skip.
const Invariants = true

func scribble(b []byte) {
	for i := range b {
		b[i] = 0xDB
	}
}
