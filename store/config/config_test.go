package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestEmptyCommandLine checks where our defaults differ from Redis's.
func TestEmptyCommandLine(t *testing.T) {
	load := func(args ...string) *Config {
		t.Helper()
		c, _, err := Load(args, nil)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := load(); !c.Appendonly || c.Save != nil || c.Port != 6379 || c.MaxmemoryPolicy != NoEviction || len(c.Warnings) != 0 {
		t.Errorf("%+v", c)
	}
	if c := load("--appendonly", "no"); get(c, "save") != "3600 1 300 100 60 10000" {
		t.Error(c.Save)
	}
	if c := load("--appendonly", "no", "--save", ""); c.Save != nil {
		t.Error(c.Save)
	}
	if c := load("--save", "60", "1", "--appendonly", "yes"); !slices.Equal(c.Save, []SavePoint{{60, 1}}) {
		t.Error(c.Save)
	}
}

func TestActions(t *testing.T) {
	for arg, want := range map[string]Action{"-v": ShowVersion, "--version": ShowVersion, "-h": ShowHelp, "--help": ShowHelp} {
		if _, info, err := Load([]string{arg}, nil); err != nil || info.Action != want {
			t.Error(arg, info, err)
		}
	}
	if _, _, err := Load([]string{"--sentinel"}, nil); err == nil {
		t.Error("--sentinel is accepted")
	}
}

func TestStdinFileAndOptions(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.conf")
	writeFile(t, name, "port 1\ntimeout 2\nhz 3\nrename-command GET FETCH\nuser bob on\nio-threads 4\nio-threads-do-reads no\n")
	c, info, err := Load([]string{name, "--timeout", "5", "-"}, strings.NewReader("hz 4\ntimeout 4"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Port != 1 || c.Hz != 4 || c.Timeout != 5 || c.File != name || !info.FromStdin {
		t.Errorf("%+v %+v", c, info)
	}
	if err := c.RenameCommands[0].Error("No such command in rename-command"); !strings.Contains(err.Error(), "at line 4\n>>> 'rename-command GET FETCH'\nNo such") {
		t.Error(err)
	}
	want := []string{"The directive io-threads has no effect: commands and sockets share one event loop",
		"These directives have their usual value, but no effect: io-threads-do-reads"}
	if !slices.Equal(c.Warnings, want) || !slices.Equal(c.Users[0].Args, []string{"bob", "on"}) {
		t.Errorf("%q %q", c.Warnings, c.Users[0].Args)
	}
}

func TestIncludeLoops(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.conf")
	writeFile(t, name, "include "+name)
	if _, _, err := Load([]string{name}, nil); err == nil || !strings.Contains(err.Error(), "Too many nested includes") {
		t.Fatal(err)
	}
}

// TestHooks checks that a refused change leaves neither values nor listeners in the new state.
func TestHooks(t *testing.T) {
	c := Defaults()
	var timeouts []int
	refuse := false
	c.OnChange("timeout", func() error {
		timeouts = append(timeouts, c.Timeout)
		return nil
	})
	c.OnChange("maxclients", func() error {
		if refuse && c.Maxclients > 20 {
			return errors.New("too many")
		}
		return nil
	})
	if got := set(c, "timeout", "0"); got != "" || timeouts != nil {
		t.Error("a hook ran without a change", got)
	}
	if got := set(c, "timeout", "5", "maxclients", "50"); got != "" {
		t.Error(got)
	}
	refuse = true
	if got := set(c, "timeout", "6", "hz", "7", "maxclients", "60"); got != "CONFIG SET failed (possibly related to argument 'maxclients') - too many" {
		t.Error(got)
	}
	if c.Timeout != 5 || c.Hz != 10 || c.Maxclients != 50 || !slices.Equal(timeouts, []int{5, 6, 5}) {
		t.Error(c.Timeout, c.Hz, c.Maxclients, timeouts)
	}
}

func TestProtectedAndLoading(t *testing.T) {
	c := Defaults()
	dir := t.TempDir()
	try := func(local bool) error {
		return c.Set([][]byte{[]byte("dir"), []byte(dir)}, local)
	}
	if try(true) == nil || c.Dir == dir {
		t.Error("dir changed")
	}
	c.EnableProtectedConfigs = ProtectedLocal
	if try(false) == nil {
		t.Error("dir changed from afar")
	}
	c.Loading = true
	if err := try(true); err != ErrLoading {
		t.Error(err)
	}
	c.Loading = false
	if err := try(true); err != nil || c.Path("x") != c.Dir+"/x" {
		t.Error(err, c.Dir)
	}
}

func TestWarnsOnce(t *testing.T) {
	c := Defaults()
	var warned []string
	c.Warn = func(s string) { warned = append(warned, s) }
	set(c, "dynamic-hz", "no")
	set(c, "dynamic-hz", "yes", "timeout", "1")
	if len(warned) != 1 || !IsSensitive("REQUIREPASS") || IsSensitive("timeout") {
		t.Error(warned)
	}
}

// TestDebianFile loads the file that Debian installs, if it is here, with paths that exist everywhere.
func TestDebianFile(t *testing.T) {
	b, err := os.ReadFile("/etc/redis/redis.conf")
	if err != nil {
		t.Skip("no /etc/redis/redis.conf to read")
	}
	name := filepath.Join(t.TempDir(), "redis.conf")
	text := strings.NewReplacer("/var/lib/redis", filepath.Dir(name), "/var/log/redis", filepath.Dir(name)).Replace(string(b))
	writeFile(t, name, text)
	c, _, err := Load([]string{name}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Daemonize || c.Appendonly || len(c.Save) != 3 || !slices.Equal(c.Bind, []string{"127.0.0.1", "-::1"}) {
		t.Errorf("%+v", c)
	}
	if err := c.Rewrite(); err != nil {
		t.Fatal(err)
	}
	again, _ := os.ReadFile(name)
	if i := strings.Index(string(again), signature); strings.Count(string(again[:i]), "\n#") != strings.Count(text, "\n#") {
		t.Error("rewriting lost comments")
	}
}

// FuzzLoad feeds any text as a file; it must load or name a line, and rewriting must be stable.
func FuzzLoad(f *testing.F) {
	f.Add(messyFile)
	f.Add("\v\nport 7000\n\f \v\n")
	f.Add("save \"60 1\"\nsave ''\nport '\\''\nbind \"\\x00\"")
	f.Fuzz(func(t *testing.T, text string) {
		for _, word := range []string{"include", "dir", "logfile"} { // these touch files
			if strings.Contains(strings.ToLower(text), word) || strings.ContainsAny(text, "\"'") && strings.Contains(text, "\\") {
				return
			}
		}
		l := loader{c: Defaults(), seen: map[*Directive]bool{}}
		if l.loadText(text) != nil {
			return
		}
		once := l.c.rewritten(text, false)
		again := loader{c: Defaults(), seen: map[*Directive]bool{}}
		if err := again.loadText(once); err != nil {
			t.Fatalf("%q became %q: %v", text, once, err)
		}
		if twice := again.c.rewritten(once, false); twice != once {
			t.Fatalf("%q, then %q", once, twice)
		}
	})
}
