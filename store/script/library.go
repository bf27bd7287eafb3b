package script

import (
	"maps"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spindle/resp"
)

// Libraries of functions. A library is a chunk of Lua that runs once, when it is loaded, and registers functions, which FCALL then
// calls by name. It has a machine apart from that of EVAL, and two tables of globals. While a library is being loaded
// it sees little more than redis.register_function; its functions, when called, see what scripts see. Both are
// one table without contents, which refers to the one or the other, so that a function finds its globals changed when its time comes.

// FunctionChunkName is what libraries are called in messages.
const FunctionChunkName = "user_function"

// Library is a loaded library.
type Library struct {
	Name      string
	Code      string // as given, with its first line
	Functions []*Function
}

// Function is one function of a library.
type Function struct {
	Name        string
	Description string
	Described   bool
	Flags       Flags
	fn          *lua.LFunction
}

// Libraries are all there are of them, and the machine they live in.
type Libraries struct {
	engine *Engine
	lookup *lua.LTable // the metatable of the globals: __index is the table that they are looked up in
	forRun *lua.LTable
	forAll *lua.LTable // what functions have as globals, and libraries while they are loaded
	atLoad *lua.LTable

	loading   *Library // that runs at the moment
	byName    map[string]*Library
	functions map[string]*Function // by name in lower case
}

// NewLibraries returns an empty set, with a machine of its own.
func NewLibraries(o Options) *Libraries {
	l := &Libraries{engine: New(o), byName: map[string]*Library{}, functions: map[string]*Function{}}
	l.openGlobals()
	return l
}

// openGlobals makes the tables of globals, in a new machine.
func (l *Libraries) openGlobals() {
	e := l.engine
	l.forRun = e.globals
	l.atLoad = e.L.NewTable()
	l.atLoad.RawSetString("redis", l.openLoadAPI())
	l.atLoad.Metatable = single(e.L, "__index", e.L.NewFunction(undefinedGlobal))
	e.Protect(l.atLoad)
	l.lookup = single(e.L, "__index", l.forRun)
	l.forAll = e.L.NewTable()
	l.forAll.Metatable = l.lookup
	e.Protect(l.forAll)
}

// openLoadAPI returns the table redis as libraries see it while they are loaded.
func (l *Libraries) openLoadAPI() *lua.LTable {
	e := l.engine
	t := e.L.NewTable()
	full := e.globals.RawGetString("redis").(*lua.LTable)
	for _, name := range []string{"log", "LOG_DEBUG", "LOG_VERBOSE", "LOG_NOTICE", "LOG_WARNING", "REDIS_VERSION", "REDIS_VERSION_NUM"} {
		t.RawSetString(name, full.RawGetString(name))
	}
	t.RawSetString("register_function", e.L.NewFunction(l.registerFunction))
	t.Metatable = single(e.L, "__index", e.L.NewFunction(undefinedGlobal))
	return t
}

// Engine is the machine, for Engine.Run.
func (l *Libraries) Engine() *Engine { return l.engine }

// Len returns the number of libraries and of functions.
func (l *Libraries) Len() (libraries, functions int) { return len(l.byName), len(l.functions) }

// Sorted returns the libraries by name.
func (l *Libraries) Sorted() []*Library {
	return slices.SortedFunc(maps.Values(l.byName), func(a, b *Library) int { return strings.Compare(a.Name, b.Name) })
}

// Bytes is about the memory that the libraries take.
func (l *Libraries) Bytes() (n int64) {
	const each = 256 // of a library or function, besides its text
	for _, lib := range l.byName {
		n += each + int64(len(lib.Name)+len(lib.Code))
		for _, f := range lib.Functions {
			n += each + int64(len(f.Name)+len(f.Description))
		}
	}
	return n
}

// Find returns the function of that name, in any case, or nil.
func (l *Libraries) Find(name []byte) *Function {
	if f := l.functions[string(name)]; f != nil { // most names are in lower case
		return f
	}
	return l.functions[strings.ToLower(string(name))]
}

// Callable returns the function for Engine.Run. A machine that was left in an unknown state is made anew, with
// all libraries.
func (l *Libraries) Callable(f *Function) *lua.LFunction {
	if l.engine.Abandoned() {
		l.restart()
	}
	return f.fn
}

func (l *Libraries) restart() {
	l.engine.Restart()
	l.openGlobals()
	for _, lib := range l.byName {
		again, err := l.build(lib.Code, nil)
		if err != nil {
			l.engine.host.Log(LogWarning, "Library "+lib.Name+" cannot be loaded again: "+err.Error())
			continue
		}
		for i, f := range again.Functions {
			if i < len(lib.Functions) && lib.Functions[i].Name == f.Name {
				lib.Functions[i].fn = f.fn
			}
		}
	}
}

// Join takes the libraries of a set in, all or none. One whose name is there is an error, unless replace is set; so is a
// function that another library has.
func (l *Libraries) Join(s *Set, replace bool) error { return l.add(replace, s.libraries...) }

func (l *Libraries) add(replace bool, libs ...*Library) error {
	byName, functions := maps.Clone(l.byName), maps.Clone(l.functions)
	for _, lib := range libs {
		old := byName[lib.Name]
		if old != nil && !replace {
			return resp.Error("ERR Library " + lib.Name + " already exists")
		}
		unlink(byName, functions, old)
	}
	for _, lib := range libs {
		if err := link(byName, functions, lib); err != nil {
			return err
		}
	}
	l.byName, l.functions = byName, functions
	return nil
}

// Delete removes a library and reports whether it was there.
func (l *Libraries) Delete(name string) bool {
	lib := l.byName[name]
	unlink(l.byName, l.functions, lib)
	return lib != nil
}

func link(byName map[string]*Library, functions map[string]*Function, lib *Library) error {
	for _, f := range lib.Functions {
		if functions[strings.ToLower(f.Name)] != nil {
			return resp.Error("ERR Function " + f.Name + " already exists")
		}
	}
	byName[lib.Name] = lib
	for _, f := range lib.Functions {
		if name := strings.ToLower(f.Name); functions[name] == nil { // a library may have both f and F: only one can be called
			functions[name] = f
		}
	}
	return nil
}

func unlink(byName map[string]*Library, functions map[string]*Function, lib *Library) {
	if lib == nil {
		return
	}
	delete(byName, lib.Name)
	for _, f := range lib.Functions {
		delete(functions, strings.ToLower(f.Name))
	}
}

// Set gathers libraries that are to be added together.
type Set struct {
	libraries []*Library
	byName    map[string]*Library
	functions map[string]*Function
}

func (s *Set) add(lib *Library) error {
	if s.byName == nil {
		s.byName, s.functions = map[string]*Library{}, map[string]*Function{}
	}
	s.libraries = append(s.libraries, lib)
	return link(s.byName, s.functions, lib)
}

// Replace takes the libraries of a set in place of all there are.
func (l *Libraries) Replace(s *Set) {
	l.byName, l.functions = map[string]*Library{}, map[string]*Function{}
	for _, lib := range s.libraries {
		_ = link(l.byName, l.functions, lib) // they got along in the set
	}
}

// parseLibrary reads the first line of a library. body is the rest, with that line's end, so that lines keep their numbers.
func parseLibrary(code string) (name, body string, err error) {
	if !strings.HasPrefix(code, "#!") {
		return "", "", resp.Error("ERR Missing library metadata")
	}
	end := strings.IndexByte(code, '\n')
	if end < 0 {
		return "", "", resp.Error("ERR Invalid library metadata")
	}
	words, ok := resp.SplitArgs([]byte(code[:end]))
	if !ok || len(words) == 0 {
		return "", "", resp.Error("ERR Invalid library metadata")
	}
	named := false
	for _, w := range words[1:] {
		if len(w) < 5 || !strings.EqualFold(string(w[:5]), "name=") {
			return "", "", resp.Error("ERR Invalid metadata value given: " + string(w))
		}
		if named {
			return "", "", resp.Error("ERR Invalid metadata value, name argument was given multiple times")
		}
		name, named = string(w[5:]), true
	}
	switch engine := string(words[0][2:]); {
	case !named:
		return "", "", resp.Error("ERR Library name was not given")
	case !validName(name):
		return "", "", resp.Error(errName)
	case !strings.EqualFold(engine, "lua"):
		return "", "", resp.Error("ERR Engine '" + engine + "' not found")
	}
	return name, code[end:], nil
}

// errName is said of libraries and of functions alike.
const errName = "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"

func validName(name string) bool {
	for _, c := range []byte(name) {
		if c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return name != ""
}

// Load loads a library and takes it in, in place of the one of its name if replace is set.
func (l *Libraries) Load(code string, replace bool) (*Library, error) {
	taken := l.byName
	if replace {
		taken = nil
	}
	lib, err := l.build(code, taken)
	if err != nil {
		return nil, err
	}
	return lib, l.add(replace, lib)
}

// LoadInto loads a library into a set.
func (l *Libraries) LoadInto(s *Set, code string) error {
	lib, err := l.build(code, s.byName)
	if err != nil {
		return err
	}
	return s.add(lib)
}

// build loads a library, whose name must not be taken, without adding it to those there are.
func (l *Libraries) build(code string, taken map[string]*Library) (*Library, error) {
	name, body, err := parseLibrary(code)
	if err != nil {
		return nil, err
	}
	if taken[name] != nil {
		return nil, resp.Error("ERR Library '" + name + "' already exists")
	}
	e := l.engine
	if e.depth > 0 {
		return nil, resp.Error("ERR a script cannot load libraries")
	}
	if e.Abandoned() {
		l.restart()
	}
	proto, err := e.Compile(FunctionChunkName, body)
	if err != nil {
		return nil, resp.Error("ERR Error compiling function: " + err.Error())
	}
	lib := &Library{Name: name, Code: code}
	if f := l.run(lib, e.Function(proto)); f != nil {
		text := f.Text
		if f.NoTable {
			text = "ERR " + text
		}
		return nil, resp.Error("ERR Error registering functions: " + text)
	}
	if len(lib.Functions) == 0 {
		return nil, resp.Error("ERR No functions registered")
	}
	slices.SortFunc(lib.Functions, func(a, b *Function) int { return strings.Compare(a.Name, b.Name) })
	return lib, nil
}

// run lets the chunk register its functions.
func (l *Libraries) run(lib *Library, chunk *lua.LFunction) *Failure {
	e := l.engine
	chunk.Env = l.forAll
	l.lookup.RawSetString("__index", l.atLoad)
	l.loading = lib
	e.depth++
	defer func() {
		e.depth--
		l.loading = nil
		l.lookup.RawSetString("__index", l.forRun)
	}()
	e.L.G.CurrentThread = e.L
	e.limit.begin()
	defer e.limit.end()
	e.L.Push(chunk)
	if err := e.L.PCall(0, 0, e.onError); err != nil {
		return e.failure(err)
	}
	return nil
}
