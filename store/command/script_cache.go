package command

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spindle/resp"
	"spindle/store/script"
)

// The scripts that the server knows, by SHA1 and by their text: a client that sends the text each time need not
// wait for its digest.

// scripts is all that the server has to do with Lua for EVAL.
type scripts struct {
	s      *Server
	engine *script.Engine // nil until the first script
	cache  map[string]*cachedScript
	texts  map[string]*cachedScript
	bytes  int64 // of the cached texts

	client  *Client    // runs the commands of scripts
	run     *scriptRun // under way, or nil: &current
	current scriptRun
	out     resp.Writer
	lane    lane
	job     *scriptJob // in the lane, or nil
	spare   scriptJob
}

// cachedScript is a compiled script.
type cachedScript struct {
	sha, body string
	flags     script.Flags
	proto     *lua.FunctionProto
	fn        *lua.LFunction // in the engine's machine
}

const (
	shaLen = 40
	// scriptOverhead is about what a cached script takes besides its text and code, in bytes.
	scriptOverhead = 512
)

// start makes the engine, at the first use.
func (m *scripts) start() {
	if m.engine != nil {
		return
	}
	m.cache, m.texts = map[string]*cachedScript{}, map[string]*cachedScript{}
	m.client = &Client{s: m.s, db: m.s.Store.DBs[0]}
	m.engine = m.newEngine()
}

// newEngine returns a machine whose scripts act on the server.
func (m *scripts) newEngine() *script.Engine {
	return script.New(script.Options{Host: scriptHost{m.s}, Version: RedisVersion, Libraries: scriptLibraries})
}

// byBody returns the script with that text, compiled.
func (m *scripts) byBody(body []byte) (*cachedScript, error) {
	m.start()
	if sc := m.texts[string(body)]; sc != nil {
		return sc, nil
	}
	code, flags, err := script.ParseShebang(string(body))
	if err != nil {
		return nil, err
	}
	proto, err := m.engine.Compile(script.ChunkName, code)
	if err != nil {
		return nil, resp.Error("ERR Error compiling script (new function): " + err.Error())
	}
	sc := &cachedScript{sha: script.SHA1(body), body: string(body), flags: flags, proto: proto}
	m.cache[sc.sha], m.texts[sc.body] = sc, sc
	m.bytes += int64(len(sc.body)) + scriptOverhead
	return sc, nil
}

// bySHA returns the script of that name, in any case, or nil.
func (m *scripts) bySHA(sha []byte) *cachedScript {
	if sc := m.cache[string(sha)]; sc != nil || len(sha) != shaLen {
		return sc
	}
	return m.cache[strings.ToLower(string(sha))]
}

// function returns the script as a function of the machine.
func (m *scripts) function(sc *cachedScript) *lua.LFunction {
	if m.engine.Abandoned() {
		m.engine.Restart()
		for _, other := range m.cache {
			other.fn = nil
		}
	}
	if sc.fn == nil {
		sc.fn = m.engine.Function(sc.proto)
	}
	return sc.fn
}

// flush forgets all scripts and what they left in the machine.
func (m *scripts) flush() {
	if m.engine == nil {
		return
	}
	clear(m.cache)
	clear(m.texts)
	m.bytes = 0
	m.engine = m.newEngine()
}

// machineBytes is about what the virtual machine takes.
func (m *scripts) machineBytes() int64 {
	if m.engine == nil {
		return 0
	}
	return script.MachineBytes
}
