package command

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"spindle/bench/servers"
)

func TestAuthentication(t *testing.T) {
	r := newRig(t, "requirepass secret")
	const noAuth = "-NOAUTH Authentication required.\r\n"
	const wrongPass = "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
	r.want("GET k", noAuth)
	r.want("CLIENT ID", noAuth)
	r.want("AUTH wrong", wrongPass)
	r.want("AUTH nobody secret", wrongPass)
	r.want("GET k", noAuth)
	if got := r.do("HELLO 3"); !strings.HasPrefix(got, "-NOAUTH HELLO must be called") {
		t.Errorf("HELLO: %q", got)
	}
	r.ok("AUTH secret")
	r.want("GET k", "$-1\r\n")
	r.want("RESET", "+RESET\r\n")
	r.want("GET k", noAuth)
	if got := r.do("HELLO 3 AUTH default secret SETNAME me"); !strings.HasPrefix(got, "%7\r\n") {
		t.Errorf("HELLO: %q", got)
	}
	r.want("CLIENT GETNAME", "$2\r\nme\r\n")

	other := r.connect()
	other.want("PING", noAuth)
	r.ok("CONFIG SET requirepass other")
	r.want("GET k", "_\r\n") // who is in stays in
	other.want("AUTH secret", wrongPass)
	other.ok("AUTH other")

	third := r.connect()
	third.want("PING", noAuth)
	r.send("CONFIG", "SET", "requirepass", "")
	third.want("PING", "+PONG\r\n")
}

func TestClientReply(t *testing.T) {
	r := newRig(t)
	r.want("CLIENT REPLY SKIP", "")
	r.want("PING", "")
	r.want("PING", "+PONG\r\n")
	r.want("CLIENT REPLY OFF", "")
	r.want("PING", "")
	r.want("nosuch", "")
	r.want("CLIENT REPLY SKIP", "")
	r.want("SET k v", "")
	r.want("CLIENT REPLY ON", "+OK\r\n")
	r.want("GET k", "$1\r\nv\r\n")
	r.want("CLIENT REPLY OFF", "")
	if got := r.feed([]byte("*1\r\n$x\r\n")); got != "" || !r.conn.closed {
		t.Errorf("a protocol error is answered with %q", got)
	}
}

// TestPushesAreNoReplies: a client that wants no replies gets confirmations, messages and invalidations all the same, once.
func TestPushesAreNoReplies(t *testing.T) {
	r := newRig(t)
	const (
		confirmed = ">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n"
		message   = ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n"
	)
	r.do("HELLO 3")
	r.ok("CLIENT TRACKING ON")
	r.want("CLIENT REPLY OFF", "")
	r.want("SUBSCRIBE c", confirmed)
	r.want("PUBLISH c m", message)
	r.want("GET k", "")
	r.want("SET k v", ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n")
	r.sent()
	r.connect().want("PUBLISH c m", ":1\r\n")
	if got := r.sent(); got != message {
		t.Errorf("from another client: %q", got)
	}
	r.want("PING", "")
	r.want("UNSUBSCRIBE", ">3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n")
	r.ok("CLIENT REPLY ON")
	r.want("CLIENT REPLY SKIP", "")
	r.want("SUBSCRIBE c", confirmed)
	r.want("PUBLISH c m", message+":1\r\n")

	old := r.connect()
	old.do("CLIENT REPLY OFF")
	old.want("SUBSCRIBE c", "*"+confirmed[1:])
}

// TestIdleClients: idle clients go, also while the server itself is idle and ticks only once a second.
func TestIdleClients(t *testing.T) {
	r := newRig(t, "timeout 2")
	monitor, subscriber, blocked := r.connect(), r.connect(), r.connect()
	monitor.ok("MONITOR")
	subscriber.do("SUBSCRIBE c")
	blocked.do("BLPOP l 0")
	for range 4 {
		if r.conn.closed {
			t.Fatal("too early")
		}
		r.s.Tick()
		r.advance(1000)
	}
	if !r.conn.closed {
		t.Error("an idle client stays")
	}
	if monitor.conn.closed || subscriber.conn.closed || blocked.conn.closed {
		t.Errorf("closed: monitor %v, subscriber %v, blocked %v", monitor.conn.closed, subscriber.conn.closed, blocked.conn.closed)
	}
}

// TestRestEnds: on a server that has been idle a key expires in time all the same.
func TestRestEnds(t *testing.T) {
	r := newRig(t, "notify-keyspace-events Ex")
	s := r.connect()
	s.do("SUBSCRIBE __keyevent@0__:expired")
	next := time.Duration(0)
	for range 3 {
		next = r.s.Tick()
		r.advance(next.Milliseconds())
	}
	if next != time.Second {
		t.Fatalf("an idle server ticks every %v", next)
	}
	s.sent()
	r.ok("SET k v PX 120")
	for range 3 {
		r.advance(100)
	}
	if got := s.sent(); !strings.Contains(got, "expired") {
		t.Errorf("nothing expired: %q", got)
	}
	r.s.Tick()
	for range 30 {
		r.advance(100)
	}
	if n := len(r.timers); n > 1 {
		t.Errorf("%d timers are left", n)
	}
}

func TestClientPause(t *testing.T) {
	r := newRig(t)
	other := r.connect()
	r.ok("CLIENT PAUSE 1000 WRITE")
	other.want("SET k v", "")
	other.want("GET k", "") // behind the one that waits
	r.want("GET k", "$-1\r\n")
	r.ok("CLIENT PAUSE 10 WRITE") // does not make it shorter
	r.advance(500)
	if got := other.sent(); got != "" {
		t.Errorf("after half the time: %q", got)
	}
	if other.conn.holds == 0 {
		t.Error("a half-closed connection would not wait for its reply")
	}
	r.advance(501)
	if got := other.sent(); got != "+OK\r\n$1\r\nv\r\n" {
		t.Errorf("after the pause: %q", got)
	}
	if other.conn.holds != 0 {
		t.Errorf("%d holds are left", other.conn.holds)
	}

	r.ok("CLIENT PAUSE 1000 ALL")
	gone := r.connect()
	gone.want("PING", "")
	r.s.Closed(gone.c)
	other.want("PING", "")
	r.advance(1001)
	if got := other.sent(); got != "+PONG\r\n" {
		t.Errorf("after the pause: %q", got)
	}

	r.ok("CLIENT PAUSE 100000 WRITE")
	other.want("DEL k", "")
	r.ok("CLIENT UNPAUSE")
	r.settle()
	if got := other.sent(); got != ":1\r\n" {
		t.Errorf("after UNPAUSE: %q", got)
	}
	if calls := r.s.table.lookup([]byte("del")).stats.Calls; calls != 1 {
		t.Errorf("a command that waited counts %d times", calls)
	}
}

func TestPauseKeepsTheData(t *testing.T) {
	r := newRig(t)
	r.ok("SET k v PX 100")
	r.ok("CLIENT PAUSE 5000 WRITE")
	r.advance(1000)
	r.s.Tick()
	r.advance(10)
	if n := r.s.Store.DBs[0].Len(); n != 1 {
		t.Errorf("%d keys: the cycle removes keys in a pause", n)
	}
	r.want("GET k", "$-1\r\n")
	r.want("DBSIZE", ":1\r\n") // it was not removed for that
	r.advance(5000)
	r.s.Tick()
	r.advance(10)
	if n := r.s.Store.DBs[0].Len(); n != 0 {
		t.Errorf("%d keys after the pause", n)
	}
}

func TestNoTouch(t *testing.T) {
	r := newRig(t)
	r.ok("SET k v")
	r.advance(60_000)
	r.ok("CLIENT NO-TOUCH ON")
	r.do("GET k")
	r.want("OBJECT IDLETIME k", ":60\r\n")
	r.want("TOUCH k", ":1\r\n")
	r.want("OBJECT IDLETIME k", ":0\r\n")
	r.advance(60_000)
	other := r.connect()
	other.do("GET k")
	r.want("OBJECT IDLETIME k", ":0\r\n")
	r.advance(60_000)
	r.ok("CLIENT NO-TOUCH OFF")
	r.do("GET k")
	r.want("OBJECT IDLETIME k", ":0\r\n")
}

func TestClientKill(t *testing.T) {
	r := newRig(t)
	a, b := r.connect(), r.connect()
	r.want("CLIENT KILL TYPE pubsub", ":0\r\n")
	r.want("CLIENT KILL ID 2 TYPE pubsub", ":0\r\n")
	r.want("CLIENT KILL ID 2", ":1\r\n")
	if !a.conn.closed || b.conn.closed {
		t.Errorf("closed: %v %v", a.conn.closed, b.conn.closed)
	}
	r.want("CLIENT KILL ID 2", ":0\r\n")
	r.want("CLIENT KILL MAXAGE 10", ":0\r\n")
	r.advance(11_000)
	r.want("CLIENT KILL MAXAGE 10", ":1\r\n") // not itself
	if !b.conn.closed || r.conn.closed {
		t.Errorf("closed: %v %v", b.conn.closed, r.conn.closed)
	}
	r.want("CLIENT KILL USER default SKIPME no", ":1\r\n")
	if !r.conn.closed {
		t.Error("a client that kills itself stays")
	}
}

// TestClientListFields compares the names of the fields, in order, with redis.
func TestClientListFields(t *testing.T) {
	ref := servers.RedisT(t).ClientT(t)
	r := newRig(t)
	r.ok("CLIENT SETNAME me")
	ref.Do("CLIENT", "SETNAME", "me")
	names := regexp.MustCompile(`=\S*`)
	for _, cmd := range []string{"LIST", "INFO"} {
		got := names.ReplaceAllString(parseReply(t, r.send("CLIENT", cmd)).(string), "")
		if want := names.ReplaceAllString(ref.Do("CLIENT", cmd).(string), ""); got != want {
			t.Errorf("CLIENT %s: %s\nwant %s", cmd, got, want)
		}
	}
	r.ok("CLIENT SETINFO lib-name lib")
	r.ok("CLIENT SETINFO LIB-VER 1.2")
	if got := r.do("CLIENT INFO"); !strings.HasSuffix(got, " lib-name=lib lib-ver=1.2\n\r\n") {
		t.Errorf("CLIENT INFO: %q", got)
	}
}

func TestClientEviction(t *testing.T) {
	r := newRig(t, "maxmemory-clients 100kb")
	small, large, spared := r.connect(), r.connect(), r.connect()
	spared.ok("CLIENT NO-EVICT ON")
	part := encode("SET", "k", strings.Repeat("x", 300_000))[:200_000]
	large.feed(part)
	spared.feed(part)
	r.s.Tick()
	if !large.conn.closed || !small.conn.closed || spared.conn.closed {
		t.Errorf("closed: large %v, small %v, NO-EVICT %v", large.conn.closed, small.conn.closed, spared.conn.closed)
	}
}

func TestRenamedCommands(t *testing.T) {
	r := newRig(t, "appendonly yes", "rename-command GET get", "rename-command SET put", "rename-command CONFIG \"\"", "rename-command DEL \"\"")
	if got := r.do("SET k v"); !strings.HasPrefix(got, "-ERR unknown command 'SET'") {
		t.Errorf("SET: %q", got)
	}
	if got := r.do("CONFIG GET port"); !strings.HasPrefix(got, "-ERR unknown command") {
		t.Errorf("CONFIG: %q", got)
	}
	r.wantEffects("PUT k v", "set k v")
	r.wantEffects("put k w PX 100", "SET k w PXAT 1700000000100")
	r.advance(101)
	r.wantEffects("GET k", "DEL k") // the log speaks the names of Redis, and so does who reads it
	r.wantEffects("PUT x 1", "set x 1")
	if got := r.reload().do("GET x"); got != "$1\r\n1\r\n" {
		t.Errorf("after loading: %q", got)
	}
	if got := parseReply(t, r.send("COMMAND", "INFO", "put", "set")).([]any); got[0].([]any)[0] != "set" || got[1] != nil {
		t.Errorf("COMMAND INFO: %v", got)
	}
}
