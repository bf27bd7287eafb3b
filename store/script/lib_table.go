package script

import (
	lua "github.com/yuin/gopher-lua"

	"spindle/store/script/capi"
)

// Functions of the table library that write to tables, or make long strings.

func (e *Engine) openTable() {
	t, ok := e.globals.RawGetString("table").(*lua.LTable)
	if !ok {
		return
	}
	for name, f := range map[string]lua.LGFunction{
		"insert": tableInsert, "remove": tableRemove, "concat": tableConcat, "sort": tableSort, "foreach": tableForeach,
		"foreachi": tableForeachi, "getn": tableGetn, "setn": tableSetn,
	} {
		t.RawSetString(name, e.L.NewFunction(f))
	}
}

// checkTable is CheckTable with Lua's words for an argument that is not there.
func checkTable(L *lua.LState, n int) *lua.LTable {
	t, ok := L.Get(n).(*lua.LTable)
	if !ok {
		capi.ArgError(L, n, "table expected, got "+capi.TypeName(L, n))
	}
	return t
}

func tableInsert(L *lua.LState) int {
	t := checkTable(L, 1)
	at := t.Len() + 1
	switch L.GetTop() {
	case 2:
		refuseReadonlyHere(L, t)
		t.RawSetInt(at, L.Get(2))
	case 3:
		pos := int(capi.Int(L, 2))
		refuseReadonlyHere(L, t)
		if pos > at {
			at = pos
		}
		for i := at; i > pos; i-- {
			L.RawSet(t, lua.LNumber(i), L.RawGet(t, lua.LNumber(i-1)))
		}
		L.RawSet(t, lua.LNumber(pos), L.Get(3))
	default:
		capi.Errorf(L, "wrong number of arguments to 'insert'")
	}
	return 0
}

func tableRemove(L *lua.LState) int {
	t := checkTable(L, 1)
	n := t.Len()
	pos := int(capi.OptInt(L, 2, int64(n)))
	if pos < 1 || pos > n {
		return 0
	}
	refuseReadonlyHere(L, t)
	L.Push(t.RawGetInt(pos))
	for ; pos < n; pos++ {
		t.RawSetInt(pos, t.RawGetInt(pos+1))
	}
	t.Remove(n)
	return 1
}

func tableConcat(L *lua.LState) int {
	t := checkTable(L, 1)
	separator := ""
	if L.Get(2) != lua.LNil {
		separator = capi.String(L, 2)
	}
	from := int(capi.OptInt(L, 3, 1))
	to := t.Len()
	if L.Get(4) != lua.LNil {
		to = int(capi.Int(L, 4))
	}
	size := 0
	for i := from; i <= to; i++ {
		v := L.RawGet(t, lua.LNumber(i))
		s, ok := text(v)
		if !ok {
			capi.Errorf(L, "invalid value (%s) at index %d in table for 'concat'", v.Type(), i)
		}
		if size += len(s) + len(separator); size > stringMax {
			tooLong(L)
		}
	}
	out := make([]byte, 0, size)
	for i := from; i <= to; i++ {
		s, _ := text(L.RawGet(t, lua.LNumber(i)))
		out = append(out, s...)
		if i < to {
			out = append(out, separator...)
		}
	}
	L.Push(lua.LString(out))
	return 1
}

// tableSort sorts in place, with Lua's own quicksort: which of two equal elements comes first, what an order that contradicts
// itself gives, and when that is an error, are all of its making.
func tableSort(L *lua.LState) int {
	t := checkTable(L, 1)
	var less *lua.LFunction
	if L.Get(2) != lua.LNil {
		less = L.CheckFunction(2)
	}
	refuseReadonlyHere(L, t)
	s := &tableSorter{L, t, less}
	s.sort(1, t.Len())
	return 0
}

type tableSorter struct {
	L    *lua.LState
	t    *lua.LTable
	less *lua.LFunction
}

func (s *tableSorter) at(i int) lua.LValue { return s.t.RawGetInt(i) }

func (s *tableSorter) swap(i, j int) {
	a, b := s.at(i), s.at(j)
	s.t.RawSetInt(i, b)
	s.t.RawSetInt(j, a)
}

// order puts i and j into order.
func (s *tableSorter) order(i, j int) {
	if s.lessThan(s.at(j), s.at(i)) {
		s.swap(i, j)
	}
}

// sort sorts the elements from lo to hi.
func (s *tableSorter) sort(lo, hi int) {
	for lo < hi {
		s.order(lo, hi)
		if hi-lo == 1 {
			return
		}
		middle := lo + (hi-lo)/2
		if s.lessThan(s.at(middle), s.at(lo)) {
			s.swap(middle, lo)
		} else {
			s.order(middle, hi)
		}
		if hi-lo == 2 {
			return
		}
		pivot := s.at(middle)
		s.swap(middle, hi-1)
		i := s.partition(lo, hi, pivot)
		if i-lo < hi-i { // the smaller half by recursion, the larger by the loop
			s.sort(lo, i-1)
			lo = i + 1
		} else {
			s.sort(i+1, hi)
			hi = i - 1
		}
	}
}

// partition returns where the pivot, which lies at hi-1, belongs, and puts it there. lo holds nothing greater, hi nothing less.
func (s *tableSorter) partition(lo, hi int, pivot lua.LValue) int {
	i, j := lo, hi-1
	for {
		for i++; s.lessThan(s.at(i), pivot); i++ {
			if i > hi {
				capi.Errorf(s.L, "invalid order function for sorting")
			}
		}
		for j--; s.lessThan(pivot, s.at(j)); j-- {
			if j < lo {
				capi.Errorf(s.L, "invalid order function for sorting")
			}
		}
		if j < i {
			break
		}
		s.swap(i, j)
	}
	s.swap(hi-1, i)
	return i
}

// lessThan asks the script's function, or the operator.
func (s *tableSorter) lessThan(a, b lua.LValue) bool {
	if s.less == nil {
		return s.operator(a, b)
	}
	s.L.Push(s.less)
	s.L.Push(a)
	s.L.Push(b)
	s.L.Call(2, 1)
	v := s.L.Get(-1)
	s.L.Pop(1)
	return lua.LVAsBool(v)
}

// operator compares as "<" does; an error has no position, as it is not a Lua function's.
func (s *tableSorter) operator(a, b lua.LValue) bool {
	ta, tb := a.Type(), b.Type()
	if ta == tb && (ta == lua.LTNumber || ta == lua.LTString || s.L.GetMetaField(a, "__lt") != lua.LNil) {
		return s.L.LessThan(a, b)
	}
	text := "attempt to compare " + ta.String() + " with " + tb.String()
	if ta == tb {
		text = "attempt to compare two " + ta.String() + " values"
	}
	s.L.Error(lua.LString(text), 0)
	return false
}

func tableForeach(L *lua.LState) int {
	t, fn := checkTable(L, 1), L.CheckFunction(2)
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		if callForeach(L, fn, k, v) {
			return 1
		}
	}
	return 0
}

func tableForeachi(L *lua.LState) int {
	t, fn := checkTable(L, 1), L.CheckFunction(2)
	n := t.Len()
	for i := 1; i <= n; i++ {
		if callForeach(L, fn, lua.LNumber(i), t.RawGetInt(i)) {
			return 1
		}
	}
	return 0
}

// callForeach reports whether the function returned something, which is on the stack then.
func callForeach(L *lua.LState, fn *lua.LFunction, k, v lua.LValue) bool {
	L.Push(fn)
	L.Push(k)
	L.Push(v)
	L.Call(2, 1)
	if L.Get(-1) != lua.LNil {
		return true
	}
	L.Pop(1)
	return false
}

func tableGetn(L *lua.LState) int {
	L.Push(lua.LNumber(checkTable(L, 1).Len()))
	return 1
}

func tableSetn(L *lua.LState) int {
	checkTable(L, 1)
	capi.Errorf(L, "'setn' is obsolete")
	return 0
}
