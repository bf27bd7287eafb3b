//go:build invariants

package arena

import "fmt"

// With the tag invariants the arena knows every live slot, fills slots with
// rubbish when they are handed out and when they are freed, and panics on a
// double or foreign free, on a view of a slot that is not live or too long,
// and when somebody wrote into a freed slot.

const invariants = true

const (
	rubbishNew  = 0xCD
	rubbishFree = 0xDB
)

type debugState struct {
	live  map[Ref]struct{}
	freed map[Ref]struct{} // slots whose content must still be rubbishFree
}

func (a *Arena) initDebug() {
	a.debugState = debugState{live: map[Ref]struct{}{}, freed: map[Ref]struct{}{}}
}

func (a *Arena) debugAlloc(r Ref) {
	if _, ok := a.live[r]; ok {
		panic(fmt.Sprintf("arena: slot %#x handed out twice", r))
	}
	n := a.Cap(r)
	a.live[r] = struct{}{}
	b := a.Bytes(r, n)
	if _, ok := a.freed[r]; ok {
		delete(a.freed, r)
		for i, x := range b[8:] {
			if x != rubbishFree {
				panic(fmt.Sprintf("arena: freed slot %#x of %d bytes was written to at %d", r, n, i+8))
			}
		}
	}
	fill(b, rubbishNew)
}

func (a *Arena) debugFree(r Ref) {
	if _, ok := a.live[r]; !ok {
		panic(fmt.Sprintf("arena: free of %#x, which is not live", r))
	}
	n := a.Cap(r)
	fill(a.Bytes(r, n), rubbishFree)
	delete(a.live, r)
	if n <= maxSmall {
		a.freed[r] = struct{}{}
	}
}

func (a *Arena) debugView(r Ref, n int) {
	if _, ok := a.live[r]; !ok {
		panic(fmt.Sprintf("arena: view of %#x, which is not live", r))
	}
	if size := a.Cap(r); n > size {
		panic(fmt.Sprintf("arena: view of %d bytes of %#x, which has %d", n, r, size))
	}
}

// debugForget drops what is known of freed slots in pages that leave their span.
func (a *Arena) debugForget(page, pages uint32) {
	from, to := Ref(page)<<pageRefShift, Ref(page+pages)<<pageRefShift
	for r := from; r < to; r++ {
		delete(a.freed, r)
	}
}

func fill(b []byte, x byte) {
	for i := range b {
		b[i] = x
	}
}
