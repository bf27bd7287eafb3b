package script

import (
	lua "github.com/yuin/gopher-lua"
)

// The sandbox: what a script can see, and that it cannot change it. Tables of the sandbox are marked by their metatable; the instructions
// that write to tables (opcode.go) and the library functions that do (lib_table.go) refuse to write to marked ones.

// protected is the metatable of tables that cannot be written. A table whose metatable is itself such a table cannot be, either.
var protected = &lua.LTable{Metatable: lua.LNil}

func isReadonly(t *lua.LTable) bool {
	if t.Metatable == lua.LNil {
		return false
	}
	mt, ok := t.Metatable.(*lua.LTable)
	return ok && (mt == protected || mt.Metatable == protected)
}

const readonlyText = "Attempt to modify a readonly table"

func refuseReadonly(L *lua.LState, t *lua.LTable) {
	if t.Metatable != lua.LNil && isReadonly(t) {
		L.RaiseError(readonlyText)
	}
}

// Protect makes a table and those in it unwritable. A table with a metatable of its own, whose __index goes on to work, has that
// one protected.
func (e *Engine) Protect(t *lua.LTable) {
	if isReadonly(t) {
		return
	}
	if mt, ok := t.Metatable.(*lua.LTable); ok {
		mt.Metatable = protected
	} else {
		t.Metatable = protected
	}
	t.ForEach(func(_, v lua.LValue) {
		if inner, ok := v.(*lua.LTable); ok {
			e.Protect(inner)
		}
	})
}

// Globals is the table of globals that scripts see.
func (e *Engine) Globals() *lua.LTable { return e.globals }

// removed are globals of gopher-lua that scripts do not have: they reach files, or are gopher-lua's own.
var removed = []string{
	"dofile", "loadfile", "print", "module", "require", "newproxy", "getfenv", "setfenv", "_printregs", "_GOPHER_LUA_VERSION",
}

// openSandbox fills the table of globals.
func (e *Engine) openSandbox() {
	L := e.L
	e.globals = L.Get(lua.GlobalsIndex).(*lua.LTable)
	for _, open := range []lua.LGFunction{lua.OpenBase, lua.OpenTable, lua.OpenString, lua.OpenMath, lua.OpenCoroutine} {
		L.Push(L.NewFunction(open))
		L.Call(0, 0)
	}
	for _, open := range e.opened {
		open(L)
	}
	for _, name := range removed {
		e.globals.RawSetString(name, lua.LNil)
	}
	e.openBase()
	e.openCoroutine()
	e.openMath()
	e.openString()
	e.openTable()
	e.globals.RawSetString("redis", e.openRedis())
	e.onError = L.NewFunction(e.handleError)
	e.onInnerError = L.NewFunction(e.translateError)
	e.globals.RawSetString("__redis__err__handler", e.onError)
	mt := L.NewTable()
	mt.RawSetString("__index", L.NewFunction(undefinedGlobal))
	e.globals.Metatable = mt
	if strings, ok := L.GetTypeMetatable("string").(*lua.LTable); ok {
		e.Protect(strings)
	}
	e.Protect(e.globals)
}

// undefinedGlobal is asked for globals that are not there.
func undefinedGlobal(L *lua.LState) int {
	name, _ := text(L.Get(2))
	L.RaiseError("Script attempted to access nonexistent global variable '%s'", name)
	return 0
}
