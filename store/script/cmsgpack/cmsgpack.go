// Package cmsgpack is lua-cmsgpack 0.4.0: Lua values as MessagePack.
//
// It writes what the original writes, byte for byte: a number without a fraction as the shortest integer, another one as a
// float if that loses nothing, a table whose keys are 1..n as an array and any other as a map, a string as raw bytes. Maps come in the
// order in which Lua's next walks over a table, here the order of insertion. The types bin and ext are not known.
package cmsgpack

import lua "github.com/yuin/gopher-lua"

// Open sets the global table cmsgpack.
func Open(L *lua.LState) {
	t := L.SetFuncs(L.NewTable(), map[string]lua.LGFunction{
		"pack":         pack,
		"unpack":       unpack,
		"unpack_one":   unpackOne,
		"unpack_limit": unpackLimit,
	})
	t.RawSetString("_NAME", lua.LString("cmsgpack"))
	t.RawSetString("_VERSION", lua.LString("lua-cmsgpack 0.4.0"))
	t.RawSetString("_COPYRIGHT", lua.LString("Copyright (C) 2012, Salvatore Sanfilippo"))
	t.RawSetString("_DESCRIPTION", lua.LString("MessagePack C implementation for Lua"))
	L.SetGlobal("cmsgpack", t)
}
