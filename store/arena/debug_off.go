//go:build !invariants

package arena

const invariants = false

type debugState struct{}

func (a *Arena) initDebug()         { a.debugState = debugState{} }
func (a *Arena) debugAlloc(Ref)     {}
func (a *Arena) debugFree(Ref)      {}
func (a *Arena) debugView(Ref, int) {}

func (a *Arena) debugForget(page, pages uint32) {}
