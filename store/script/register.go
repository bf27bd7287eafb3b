package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// registerFunction is redis.register_function, which takes a name and a function, or a table with more to say.
func (l *Libraries) registerFunction(L *lua.LState) int {
	if l.loading == nil {
		return raise(L, "redis.register_function can only be called on FUNCTION LOAD command")
	}
	f := &Function{}
	problem := ""
	switch L.GetTop() {
	case 1:
		problem = f.takeNamed(L.Get(1))
	case 2:
		problem = f.take(L.Get(1), L.Get(2))
	default:
		problem = "wrong number of arguments to redis.register_function"
	}
	if problem == "" {
		problem = l.loading.register(f)
	}
	if problem != "" {
		return raise(L, problem)
	}
	return 0
}

// raise ends the function with an error that is a table, as those of redis.call are.
func raise(L *lua.LState, problem string) int {
	L.Error(errorTable(L, problem), 1)
	return 0
}

func (lib *Library) register(f *Function) (problem string) {
	if !validName(f.Name) {
		return strings.TrimPrefix(errName, "ERR ")
	}
	for _, other := range lib.Functions {
		if other.Name == f.Name {
			return "Function already exists in the library"
		}
	}
	lib.Functions = append(lib.Functions, f)
	return ""
}

func (f *Function) take(name, callback lua.LValue) (problem string) {
	var ok bool
	if f.Name, ok = text(name); !ok {
		return "first argument to redis.register_function must be a string"
	}
	if f.fn, ok = callback.(*lua.LFunction); !ok {
		return "second argument to redis.register_function must be a function"
	}
	return ""
}

func (f *Function) takeNamed(arg lua.LValue) (problem string) {
	t, ok := arg.(*lua.LTable)
	if !ok {
		return "calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments)."
	}
	named := false
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		key, ok := text(k)
		if !ok {
			return "named argument key given to redis.register_function is not a string"
		}
		if key = strings.ToLower(key); key == "function_name" {
			named = true
		}
		if problem := f.takeField(key, v); problem != "" {
			return problem
		}
	}
	switch {
	case !named:
		return "redis.register_function must get a function name argument"
	case f.fn == nil:
		return "redis.register_function must get a callback argument"
	}
	return ""
}

func (f *Function) takeField(key string, v lua.LValue) (problem string) {
	ok := false
	switch key {
	case "function_name":
		if f.Name, ok = text(v); !ok {
			return "function_name argument given to redis.register_function must be a string"
		}
	case "description":
		if f.Description, ok = text(v); !ok {
			return "description argument given to redis.register_function must be a string"
		}
		f.Described = true
	case "callback":
		if f.fn, ok = v.(*lua.LFunction); !ok {
			return "callback argument given to redis.register_function must be a function"
		}
	case "flags":
		t, ok := v.(*lua.LTable)
		if !ok {
			return "flags argument to redis.register_function must be a table representing function flags"
		}
		return f.takeFlags(t)
	default:
		return "unknown argument given to redis.register_function"
	}
	return ""
}

func (f *Function) takeFlags(t *lua.LTable) (problem string) {
	for i := 1; t.RawGetInt(i) != lua.LNil; i++ {
		name, ok := text(t.RawGetInt(i))
		flag, known := FlagNamed(strings.ToLower(name))
		if !ok || !known {
			return "unknown flag given"
		}
		f.Flags |= flag
	}
	return ""
}
