package cjson

import (
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// FuzzDecode: no input makes decode panic, and what it returns can be encoded, and decoded to the same again.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2.5e3,true,null,"\u00e4\ud83d\ude00\/"]}`, `[[[]],{}]`, `"\ud800`, `nan(1)`, `0x1p-4`, `[1,`, "-"} {
		f.Add(s)
	}
	L := lua.NewState(lua.Options{SkipOpenLibs: true})
	Open(L)
	module := L.GetGlobal("cjson").(*lua.LTable)
	call := func(t *testing.T, name string, arg lua.LValue) (lua.LValue, error) {
		err := L.CallByParam(lua.P{Fn: module.RawGetString(name), NRet: 1, Protect: true}, arg)
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
		v, err := call(t, "decode", lua.LString(s))
		if err != nil {
			return
		}
		text, err := call(t, "encode", v)
		if err != nil {
			return // a number that JSON has not
		}
		again, err := call(t, "decode", text)
		if err != nil {
			t.Fatalf("%q became %q: %v", s, text, err)
		}
		if third, _ := call(t, "encode", again); third != text {
			t.Fatalf("%q became %q and then %q", s, text, third)
		}
	})
}
