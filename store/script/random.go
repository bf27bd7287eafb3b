package script

import (
	"math"

	lua "github.com/yuin/gopher-lua"

	"spindle/store/script/capi"
)

// lrand48 is the generator that redis-server has instead of the system's, so that scripts see the same numbers everywhere: the
// linear congruence of POSIX lrand48, X' = 0x5DEECE66D X + 0xB mod 2^48.
type lrand48 struct{ x uint64 }

const randMax = math.MaxInt32

func (r *lrand48) seed(n int32) { r.x = uint64(uint32(n))<<16 | 0x330e }

func (r *lrand48) next() int32 {
	r.x = (r.x*0x5deece66d + 0xb) & (1<<48 - 1)
	return int32(r.x >> 17)
}

func (e *Engine) mathRandom(L *lua.LState) int {
	r := float64(e.random.next()%randMax) / randMax
	switch L.GetTop() {
	case 0:
		L.Push(lua.LNumber(r))
	case 1:
		u := intArg(L, 1)
		if u < 1 {
			capi.ArgError(L, 1, "interval is empty")
		}
		L.Push(lua.LNumber(math.Floor(r*float64(u)) + 1))
	case 2:
		l, u := intArg(L, 1), intArg(L, 2)
		if l > u {
			capi.ArgError(L, 2, "interval is empty")
		}
		L.Push(lua.LNumber(math.Floor(r*float64(u-l+1)) + float64(l)))
	default:
		capi.Errorf(L, "wrong number of arguments")
	}
	return 1
}

func (e *Engine) mathRandomseed(L *lua.LState) int {
	e.random.seed(intArg(L, 1))
	return 0
}

// intArg is argument n as a C int: larger numbers lose their upper half, and what is computed from one wraps around.
func intArg(L *lua.LState, n int) int32 { return int32(capi.Int(L, n)) }
