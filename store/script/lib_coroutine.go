package script

import lua "github.com/yuin/gopher-lua"

// openCoroutine has coroutines looked after like the script itself (see limit.go).
func (e *Engine) openCoroutine() {
	t, ok := e.globals.RawGetString("coroutine").(*lua.LTable)
	if !ok {
		return
	}
	create := t.RawGetString("create").(*lua.LFunction).GFunction
	wrap := t.RawGetString("wrap").(*lua.LFunction).GFunction
	t.RawSetString("create", e.L.NewFunction(func(L *lua.LState) int {
		n := create(L)
		if thread, ok := L.Get(-1).(*lua.LState); ok {
			thread.SetContext(&e.limit)
		}
		return n
	}))
	resume := t.RawGetString("resume").(*lua.LFunction).GFunction
	t.RawSetString("resume", e.L.NewFunction(func(L *lua.LState) int {
		n := resume(L)
		if s, ok := L.Get(-1).(lua.LString); ok && n == 2 && L.Get(-2) == lua.LFalse {
			L.Pop(1)
			L.Push(lua.LString(wording(L, string(s))))
		}
		return n
	}))
	t.RawSetString("wrap", e.L.NewFunction(func(L *lua.LState) int {
		n := wrap(L)
		if fn, ok := L.Get(-1).(*lua.LFunction); ok && len(fn.Upvalues) > 0 {
			if thread, ok := fn.Upvalues[0].Value().(*lua.LState); ok {
				thread.SetContext(&e.limit)
			}
		}
		return n
	}))
}
