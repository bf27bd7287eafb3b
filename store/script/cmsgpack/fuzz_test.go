package cmsgpack

import (
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// FuzzUnpack: no input makes unpack panic or build more than the input can hold, and what it returns survives another round.
func FuzzUnpack(f *testing.F) {
	for _, s := range []string{"\x93\x01\xa1a\xc0", "\x82\xa1a\xcb\x3f\xf1\x99\x99\x99\x99\x99\x9a\x01\x90", "\xdd\xff\xff\xff\xff\x01",
		"\xdb\xff\xff\xff\xffa", "\x81\xce\x03\xff\xff\xfe\x01", "\xc1", "\xd3\xff"} {
		f.Add(s)
	}
	L := lua.NewState(lua.Options{SkipOpenLibs: true, RegistryMaxSize: 1 << 20})
	Open(L)
	module := L.GetGlobal("cmsgpack").(*lua.LTable)
	call := func(t *testing.T, name string, args ...lua.LValue) (lua.LValue, error) {
		err := L.CallByParam(lua.P{Fn: module.RawGetString(name), NRet: 1, Protect: true}, args...)
		if err != nil {
			if err.(*lua.ApiError).Type != lua.ApiErrorRun {
				t.Fatal(err)
			}
			return nil, err
		}
		v := L.Get(-1)
		L.Pop(1)
		return v, nil
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := call(t, "unpack", lua.LString(s))
		if err != nil {
			return
		}
		packed, err := call(t, "pack", v)
		if err != nil {
			t.Fatal(err)
		}
		again, err := call(t, "unpack", packed)
		if err != nil {
			t.Fatalf("%q was packed as %q: %v", s, packed, err)
		}
		if third, _ := call(t, "pack", again); third != packed {
			t.Fatalf("%q was packed as %q and then %q", s, packed, third)
		}
	})
}

// A few bytes must not make large arrays.
func TestHolesAreBounded(t *testing.T) {
	L := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer L.Close()
	Open(L)
	unpack := L.GetGlobal("cmsgpack").(*lua.LTable).RawGetString("unpack")
	err := L.CallByParam(lua.P{Fn: unpack, NRet: 1, Protect: true}, lua.LString("\x81\xce\x03\xff\xff\xfe\x01"))
	if err == nil || err.(*lua.ApiError).Object != lua.LString("not enough memory") {
		t.Error(err)
	}
	if err := L.CallByParam(lua.P{Fn: unpack, NRet: 1, Protect: true}, lua.LString("\x81\xce\x03\xff\xff\xfe\xc0")); err != nil {
		t.Error(err)
	} else if n := L.Get(-1).(*lua.LTable).MaxN(); n != 0 {
		t.Errorf("%d places", n)
	}
}
