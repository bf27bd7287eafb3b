package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spindle/aof"
	"spindle/store/acl"
	"spindle/store/config"
)

// A user that may do everything costs nothing, one that may not costs no memory.
func TestCheckDoesNotAllocate(t *testing.T) {
	r := newRig(t)
	r.ok("SET k v")
	if r.c.gates&gateACL != 0 {
		t.Error("the default user is checked")
	}
	r.ok("ACL SETUSER full on nopass allcommands allkeys allchannels")
	r.ok("AUTH full x")
	if r.c.gates&gateACL != 0 {
		t.Error("a user that may do everything is checked")
	}
	r.ok("ACL SETUSER some on nopass %R~x* %RW~k* &ch* +@all -flushall (+get ~other)")
	r.ok("AUTH some x")
	if r.c.gates&gateACL == 0 {
		t.Error("a user with limits is not checked")
	}
	if n := r.allocs("GET k", "SET k v", "SET k w", "MGET k k", "HSET k2 f v"); n > 1 { // the elements that MGET returns
		t.Errorf("checked commands allocate %v times", n)
	}
}

// What a denial says depends on where the command came from.
func TestDenialTexts(t *testing.T) {
	r := newRig(t)
	r.ok("ACL SETUSER u on nopass ~k* &ch* +get +publish")
	r.ok("AUTH u x")
	f := func(line, reply, exec, script string) {
		t.Helper()
		args := [][]byte{}
		for _, w := range strings.Fields(line) {
			args = append(args, []byte(w))
		}
		cmd, err := r.s.Resolve(args)
		if err != nil {
			t.Fatal(err)
		}
		d := r.s.permit(r.c, cmd, args)
		if d == nil {
			t.Fatalf("%s is allowed", line)
		}
		if d.Error() != reply || !strings.HasSuffix(string(d.inExec()), exec) || !strings.HasSuffix(string(d.inScript()), script) {
			t.Errorf("%s: %q, %q, %q", line, d.Error(), d.inExec(), d.inScript())
		}
	}
	f("SET k v", "NOPERM this user has no permissions to run the 'set' command",
		"no permission to execute the command or subcommand", "can't run this command or subcommand")
	f("GET x", "NOPERM this user has no permissions to access one of the keys used as arguments",
		"no permission to touch the specified keys", "can't access at least one of the keys mentioned in the command arguments")
	f("PUBLISH x m", "NOPERM this user has no permissions to access one of the channels used as arguments",
		"no permission to access one of the channels used as arguments", "can't publish to the channel mentioned in the command")
}

// start loads a configuration as main does and returns what is wrong with its users.
func start(t *testing.T, text string) (logged []string, err error) {
	t.Helper()
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "good.acl"), []byte("user alice on >pw ~* +@all\n\nuser default on nopass -@all +ping\n"), 0o600)
	os.WriteFile(filepath.Join(dir, "bad.acl"), []byte("user alice on >pw ~* +@all\nuser bob +nosuch -foo %X~y #1\nuser alice on\n"), 0o600)
	cfg, _, err := config.Load([]string{"--dir", dir, "--appendonly", "no", "-"}, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckConfig(cfg); err != nil {
		return nil, err
	}
	r := newRig(t)
	env := r.s.env
	env.Logf = func(level aof.Level, format string, args ...any) { logged = append(logged, format) }
	s := New(cfg, env)
	defer s.Store.Mem.Close()
	err = s.LoadUsers()
	if err == nil && s.access.users.Find([]byte("alice")) == nil {
		t.Errorf("%q: no alice", text)
	}
	return logged, err
}

func TestUsersAtStart(t *testing.T) {
	f := func(text, wrong string) {
		t.Helper()
		_, err := start(t, text)
		switch {
		case err == nil && wrong != "", err != nil && (wrong == "" || !strings.HasSuffix(err.Error(), wrong)):
			t.Errorf("%q: %v", text, err)
		}
	}
	f("user alice on >pw\nuser default on ~* (+get %R~x)\n", "")
	f("aclfile good.acl\n", "")
	f("aclfile bad.acl\n", "Aborting Redis startup because of ACL errors: bad.acl:2: Error in applying operation '+nosuch': Unknown command or category name in ACL. bad.acl:2: Error in applying operation '-foo': Unknown command or category name in ACL. bad.acl:2: Syntax error. WARNING: Duplicate user 'alice' found on line 3. WARNING: ACL errors detected, no change to the previously active ACL rules was performed")
	f("aclfile nosuch.acl\n", "opening file 'nosuch.acl': No such file or directory")
	f("aclfile good.acl\nuser alice on\n", "but not both.")
	f("user alice on\nuser alice off\n", "Error in user declaration 'alice': Duplicate user found. A user can only be defined once in config files")
	f("user alice on foo\n", ">>> 'user alice on foo'\nError in user declaration 'alice': Syntax error")
	f("user alice foo\n", "Error in user declaration 'user': Syntax error")
	f("user alice +nosuch\n", "Critical error while loading ACLs. Exiting.")
	f("user \"a b\"\n", "Critical error while loading ACLs. Exiting.")
}

// Rules name commands as Redis does, also those that this server calls otherwise or does not have.
func TestRulesKnowRenamedCommands(t *testing.T) {
	r := newRig(t, "rename-command FLUSHALL wipe", "rename-command KEYS no-keys")
	r.ok("ACL SETUSER u on nopass ~* +@all -flushall -keys -migrate -restore-asking +psync")
	r.ok("AUTH u x")
	r.want("WIPE", "-NOPERM this user has no permissions to run the 'flushall' command\r\n")
}

func TestEveryCommandHasAnID(t *testing.T) {
	r := newRig(t)
	seen := map[int]string{}
	for _, c := range r.s.table.byOriginalName() {
		if other, ok := seen[c.id]; ok {
			t.Errorf("%s and %s have the ID %d", c.full, other, c.id)
		}
		seen[c.id] = c.full
	}
}

func TestSaveAndLoadUsers(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "users.acl")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, "aclfile "+name)
	if err := r.s.LoadUsers(); err != nil {
		t.Fatal(err)
	}
	r.ok("ACL SETUSER alice on >pw ~a* &c +@hash -hset +select|0 (%R~x +get)")
	before := r.do("ACL LIST")
	r.ok("ACL SAVE")
	alice, bob := r.connect(), r.connect()
	alice.ok("AUTH alice pw")
	r.ok("ACL SETUSER bob on nopass +@all")
	bob.ok("AUTH bob x")
	r.ok("ACL LOAD")
	if after := r.do("ACL LIST"); after != before {
		t.Errorf("loaded %q, saved %q", after, before)
	}
	if !alice.conn.closed || !bob.conn.closed {
		t.Error("clients of users that were replaced are still connected")
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 1 {
		t.Errorf("left in the folder: %v", names)
	}
	os.WriteFile(name, []byte("user alice on\nuser x +nosuch\n"), 0o600)
	if got := r.do("ACL LOAD"); !strings.HasPrefix(got, "-ERR ") || !strings.Contains(got, ":2: Error in applying operation '+nosuch'") {
		t.Errorf("a bad file: %q", got)
	}
	if after := r.do("ACL LIST"); after != before {
		t.Errorf("a bad file changes users: %q", after)
	}
}

// LOG keeps what was denied to clients that are gone.
func TestLogOutlivesItsClient(t *testing.T) {
	r := newRig(t)
	r.ok("ACL SETUSER u on nopass +get")
	c := r.connect()
	c.ok("AUTH u x")
	c.do("GET k")
	c.do("GET k")
	r.s.Closed(c.c)
	if got := r.do("ACL LOG"); !strings.HasPrefix(got, "*1\r\n*14\r\n$5\r\ncount\r\n:2\r\n") {
		t.Errorf("%q", got)
	}
	for e := range r.s.access.log.Latest(1) {
		if e.Reason != acl.DeniedKey || e.Object != "k" || !strings.Contains(e.Client, " user=u ") {
			t.Errorf("%+v", e)
		}
	}
}

// Scripts may ask about any arguments.
func TestCheckSurvivesAnyArguments(t *testing.T) {
	r := newRig(t)
	r.ok("ACL SETUSER u on nopass +@all ~k &c")
	u := r.s.access.users.Find([]byte("u"))
	words := [][]byte{[]byte("9"), []byte("STREAMS"), []byte("GET"), []byte(""), []byte("-1"), []byte("STORE"), []byte("k")}
	for _, cmd := range r.s.table.byOriginalName() {
		for n := range 6 {
			for i := range words {
				args := [][]byte{[]byte(cmd.Name)}
				for j := range n {
					args = append(args, words[(i+j*(i+1))%len(words)])
				}
				r.s.checkUser(u, cmd, args)
			}
		}
	}
}
