//go:build invariants

package arena

import "testing"

func TestMisuseIsNoticed(t *testing.T) {
	f := func(name string, misuse func(a *Arena, r Ref)) {
		t.Helper()
		a := newArena(t)
		r := a.Alloc(100)
		defer func() {
			if recover() == nil {
				t.Errorf("%s: no panic", name)
			}
		}()
		misuse(a, r)
	}
	f("double free", func(a *Arena, r Ref) { a.Free(r); a.Free(r) })
	f("double free of a large run", func(a *Arena, _ Ref) { r := a.Alloc(1 << 20); a.Free(r); a.Free(r) })
	f("foreign free", func(a *Arena, r Ref) { a.Free(r + 1) })
	f("view after free", func(a *Arena, r Ref) { a.Free(r); a.Bytes(r, 1) })
	f("view too long", func(a *Arena, r Ref) { a.Bytes(r, 105) })
	f("write after free", func(a *Arena, r Ref) {
		b := a.Bytes(r, 100)
		a.Free(r)
		b[50] = 1
		a.Alloc(100)
	})
	f("none", func(a *Arena, _ Ref) { a.Ptr(0) })
}
