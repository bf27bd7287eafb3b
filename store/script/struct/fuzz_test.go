package structlib

import (
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// FuzzUnpack: neither a format nor data make unpack or size panic.
func FuzzUnpack(f *testing.F) {
	f.Add("!bBhHlLT>fd<i3I16sxc2", "0123456789012345678901234567890123456789\x000123456789", 1.0)
	f.Add("bc0", "\x05hello", 1.0)
	f.Add("i32!16i0c2147483647", "", -1.0)
	f.Add("s", "ab", 0x1p63)
	L := lua.NewState(lua.Options{SkipOpenLibs: true, RegistryMaxSize: 1 << 20})
	Open(L)
	module := L.GetGlobal("struct").(*lua.LTable)
	f.Fuzz(func(t *testing.T, format, data string, offset float64) {
		for _, name := range []string{"unpack", "size"} {
			err := L.CallByParam(lua.P{Fn: module.RawGetString(name), NRet: 1, Protect: true},
				lua.LString(format), lua.LString(data), lua.LNumber(offset))
			if err == nil {
				L.Pop(1)
			} else if err.(*lua.ApiError).Type != lua.ApiErrorRun {
				t.Fatal(err)
			}
		}
	})
}
