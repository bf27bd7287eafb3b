package script

import (
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// Some instructions have to do more than gopher-lua's: those that write to a table must refuse the protected ones,
// and the one that joins strings must print numbers as Lua does and know a limit. gopher-lua offers no way for this, so
// they are replaced in its jump table, a package variable, by functions that check first and then call the original. The
// alternative, a metatable in front of each global table, costs two more look-ups for each use of a global and hides the tables'
// contents from pairs.
//
// Conditions: the version of gopher-lua is pinned in go.mod, the instruction format below is that version's, and
// TestOpcodes fails if either is not what it is taken for. Other machines in the process behave as before, but for the numbers' format.

//go:linkname jumpTable github.com/yuin/gopher-lua.jumpTable
var jumpTable [lua.OP_NOP + 1]instruction

// instruction executes one; frame is gopher-lua's own business.
type instruction func(L *lua.LState, inst uint32, frame unsafe.Pointer) int

func argA(inst uint32) int { return int(inst>>18) & 0xff }
func argB(inst uint32) int { return int(inst & 0x1ff) }
func argC(inst uint32) int { return int(inst>>9) & 0x1ff }

func init() {
	guard := func(op int) {
		original := jumpTable[op]
		jumpTable[op] = func(L *lua.LState, inst uint32, frame unsafe.Pointer) int {
			if t, ok := L.Get(argA(inst) + 1).(*lua.LTable); ok {
				refuseReadonly(L, t)
			}
			return original(L, inst, frame)
		}
	}
	guard(lua.OP_SETTABLE)
	guard(lua.OP_SETTABLEKS)
	setGlobal := jumpTable[lua.OP_SETGLOBAL]
	jumpTable[lua.OP_SETGLOBAL] = func(L *lua.LState, inst uint32, frame unsafe.Pointer) int {
		refuseReadonly(L, runningEnv(L))
		return setGlobal(L, inst, frame)
	}
	concat := jumpTable[lua.OP_CONCAT]
	jumpTable[lua.OP_CONCAT] = func(L *lua.LState, inst uint32, frame unsafe.Pointer) int {
		prepareConcat(L, argB(inst), argC(inst))
		return concat(L, inst, frame)
	}
}

// prepareConcat turns numbers in the registers from first to last into strings, which are temporary values there.
func prepareConcat(L *lua.LState, first, last int) {
	total := 0
	for i := first + 1; i <= last+1; i++ {
		switch v := L.Get(i).(type) {
		case lua.LString:
			total += len(v)
		case lua.LNumber:
			L.Replace(i, lua.LString(formatNumber(float64(v))))
		}
	}
	if total > stringMax {
		L.RaiseError("string length overflow")
	}
}

// runningEnv is the table of globals of the running Lua function.
func runningEnv(L *lua.LState) *lua.LTable {
	at, ok := L.GetStack(0)
	if !ok {
		return L.Env
	}
	f, _ := L.GetInfo("f", at, lua.LNil)
	if fn, ok := f.(*lua.LFunction); ok {
		return fn.Env
	}
	return L.Env
}
