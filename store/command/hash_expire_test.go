package command

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestFieldExpiry(t *testing.T) {
	r := newRig(t)
	r.do("HSET h a 1 b 2 c 3 d 4")
	r.want("HTTL h FIELDS 2 a x", "*2\r\n:-1\r\n:-2\r\n")
	r.want("HTTL nokey FIELDS 1 a", "*1\r\n:-2\r\n")
	r.want("HEXPIRE nokey 10 FIELDS 2 a b", "*2\r\n:-2\r\n:-2\r\n")
	r.want("HPEXPIRE h 1500 FIELDS 3 a b x", "*3\r\n:1\r\n:1\r\n:-2\r\n")
	r.want("HTTL h FIELDS 3 a c x", "*3\r\n:2\r\n:-1\r\n:-2\r\n")
	r.want("HPTTL h FIELDS 1 a", "*1\r\n:1500\r\n")
	r.want("HPEXPIRETIME h FIELDS 1 a", fmt.Sprintf("*1\r\n:%d\r\n", rigStart+1500))
	r.want("HEXPIRETIME h FIELDS 1 a", fmt.Sprintf("*1\r\n:%d\r\n", rigStart/1000+2))
	r.want("HPERSIST h FIELDS 3 b c x", "*3\r\n:1\r\n:-1\r\n:-2\r\n")

	// Conditions.
	r.want("HPEXPIRE h 2000 NX FIELDS 2 a c", "*2\r\n:0\r\n:1\r\n")
	r.want("HPEXPIRE h 2000 XX FIELDS 2 d c", "*2\r\n:0\r\n:1\r\n")
	r.want("HPEXPIRE h 1000 GT FIELDS 2 a d", "*2\r\n:0\r\n:0\r\n")
	r.want("HPEXPIRE h 3000 LT FIELDS 2 c d", "*2\r\n:0\r\n:1\r\n")
	r.want("HPERSIST h FIELDS 2 c d", "*2\r\n:1\r\n:1\r\n")

	// Invisible from the moment on, to everything.
	r.advance(1500)
	for line, reply := range map[string]string{
		"HGET h a": "$-1\r\n", "HEXISTS h a": ":0\r\n", "HLEN h": ":3\r\n", "HSTRLEN h a": ":0\r\n", "HDEL h a": ":0\r\n",
		"HMGET h a b": "*2\r\n$-1\r\n$1\r\n2\r\n", "HTTL h FIELDS 1 a": "*1\r\n:-2\r\n",
	} {
		r.want(line, reply)
	}
	if got := bulks(r.do("HGETALL h")); len(got) != 6 {
		t.Errorf("HGETALL: %q", got)
	}

	// What clears an expiry and what keeps it.
	r.do("HPEXPIRE h 1000 FIELDS 3 b c d")
	r.do("HSET h b new")
	r.do("HINCRBY h c 1")
	r.do("HINCRBYFLOAT h d 1.5")
	r.want("HPTTL h FIELDS 3 b c d", "*3\r\n:-1\r\n:1000\r\n:1000\r\n")
	r.advance(1000)
	r.want("HINCRBY h c 1", ":1\r\n")
	r.want("HSETNX h d x", ":1\r\n")

	// The last field takes the key with it.
	r.do("DEL h")
	r.do("HSET h a 1")
	r.do("HPEXPIRE h 10 FIELDS 1 a")
	r.advance(10)
	r.want("HGET h a", "$-1\r\n")
	r.want("EXISTS h", ":0\r\n")
	r.do("HSET h a 1 b 2")
	r.want("HPEXPIREAT h 5 FIELDS 2 a x", "*2\r\n:2\r\n:-2\r\n")
	r.want("HEXPIRE h 0 FIELDS 1 b", "*1\r\n:2\r\n")
	r.want("EXISTS h", ":0\r\n")
}

func TestFieldExpiryErrors(t *testing.T) {
	r := newRig(t)
	r.do("HSET h a 1")
	r.do("SET s x")
	for line, reply := range map[string]string{
		"HEXPIRE h x FIELDS 1 a":                      "-ERR value is not an integer or out of range\r\n",
		"HEXPIRE h -1 FIELDS 1 a":                     "-ERR invalid expire time, must be >= 0\r\n",
		"HEXPIRE h 9223372036854775807 FIELDS 1 a":    "-ERR invalid expire time in 'hexpire' command\r\n",
		"HPEXPIREAT h 70368744177664 FIELDS 1 a":      "-ERR invalid expire time in 'hpexpireat' command\r\n",
		"HEXPIRE h 1 FIELD 1 a":                       "-ERR Mandatory argument FIELDS is missing or not at the right position\r\n",
		"HEXPIRE h 1 NX XX FIELDS 1 a":                "-ERR Mandatory argument FIELDS is missing or not at the right position\r\n",
		"HEXPIRE h 1 FIELDS 2 a":                      "-ERR The `numfields` parameter must match the number of arguments\r\n",
		"HEXPIRE h 1 FIELDS 9223372036854775807 a":    "-ERR The `numfields` parameter must match the number of arguments\r\n",
		"HEXPIRE h 1 FIELDS 0 a":                      "-ERR Parameter `numFields` should be greater than 0\r\n",
		"HTTL s FIELDS 1 a":                           "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
		"HSETEX h FIELDS 1 a":                         "-ERR wrong number of arguments for 'hsetex' command\r\n",
		"HSETEX h FNX FXX FIELDS 1 a b":               "-ERR syntax error\r\n",
		"HSETEX h EX 1 KEEPTTL FIELDS 1 a b":          "-ERR syntax error\r\n",
		"HGETEX h EX 1 PERSIST FIELDS 1 a":            "-ERR syntax error\r\n",
		"HGETEX h EX -1 FIELDS 1 a":                   "-ERR invalid expire time, must be >= 0\r\n",
		"HSETEX h FIELDS 4611686018427387905 a b c d": "-ERR The `numfields` parameter must match the number of arguments\r\n",
	} {
		r.want(line, reply)
	}
}

func TestHGetDelAndEx(t *testing.T) {
	r := newRig(t)
	r.do("HSET h a 1 b 2 c 3")
	r.want("HGETDEL h FIELDS 2 a x", "*2\r\n$1\r\n1\r\n$-1\r\n")
	r.want("HLEN h", ":2\r\n")
	r.want("HGETEX h PX 500 FIELDS 2 b x", "*2\r\n$1\r\n2\r\n$-1\r\n")
	r.want("HPTTL h FIELDS 2 b c", "*2\r\n:500\r\n:-1\r\n")
	r.want("HGETEX h PERSIST FIELDS 1 b", "*1\r\n$1\r\n2\r\n")
	r.want("HPTTL h FIELDS 1 b", "*1\r\n:-1\r\n")
	r.want("HGETEX h EXAT 1 FIELDS 1 b", "*1\r\n$1\r\n2\r\n")
	r.want("HGETDEL h FIELDS 2 b c", "*2\r\n$-1\r\n$1\r\n3\r\n")
	r.want("EXISTS h", ":0\r\n")
	r.want("HGETDEL h FIELDS 1 a", "*1\r\n$-1\r\n")

	r.want("HSETEX h FXX FIELDS 1 a 1", ":0\r\n")
	r.want("EXISTS h", ":0\r\n")
	r.want("HSETEX h FNX PX 500 FIELDS 2 a 1 b 2", ":1\r\n")
	r.want("HSETEX h FNX FIELDS 2 c 1 b 2", ":0\r\n")
	r.want("HSETEX h FXX KEEPTTL FIELDS 1 a 7", ":1\r\n")
	r.want("HPTTL h FIELDS 2 a b", "*2\r\n:500\r\n:500\r\n")
	r.want("HSETEX h FIELDS 1 a 8", ":1\r\n")
	r.want("HPTTL h FIELDS 2 a b", "*2\r\n:-1\r\n:500\r\n")
	r.want("HSETEX h EXAT 1 FIELDS 2 a 8 b 9", ":1\r\n")
	r.want("EXISTS h", ":0\r\n")
}

func TestFieldExpiryEffects(t *testing.T) {
	r := newRig(t, "appendonly yes")
	r.do("HSET h a 1 b 2 c 3 d 4 e 5")
	at := strconv.Itoa(rigStart + 1000)
	r.wantEffects("HEXPIRE h 1 FIELDS 3 a b x", "HPEXPIREAT h "+at+" FIELDS 2 a b")
	r.wantEffects("HEXPIRE h 1 NX FIELDS 1 a")
	r.wantEffects("HPEXPIREAT h 1 FIELDS 2 e x", "HDEL h e")
	r.wantEffects("HPERSIST h FIELDS 2 b c", "HPERSIST h FIELDS 1 b")
	r.wantEffects("HGETEX h FIELDS 1 a")
	r.wantEffects("HGETEX h PX 1000 FIELDS 1 b", "HPEXPIREAT h "+at+" FIELDS 1 b")
	r.wantEffects("HSETEX h EX 1 FIELDS 1 c 7", "MULTI", "HSET h c 7", "HPEXPIREAT h "+at+" FIELDS 1 c", "EXEC")
	r.wantEffects("HSETEX h KEEPTTL FIELDS 1 c 8", "MULTI", "HSET h c 8", "HPEXPIREAT h "+at+" FIELDS 1 c", "EXEC")
	r.wantEffects("HSETEX h FIELDS 1 d 8", "HSET h d 8")
	r.wantEffects("HINCRBYFLOAT h c 0.5", "MULTI", "HSET h c 8.5", "HPEXPIREAT h "+at+" FIELDS 1 c", "EXEC")
	r.wantEffects("HGETDEL h FIELDS 2 c x", "HDEL h c")
	r.advance(1000)
	r.effects()
	r.do("HSET h z 1") // removes a and b first
	r.do("HGET h a")
	if got := strings.Join(r.effects(), "; "); got != "MULTI; HDEL h b a; HSET h z 1; EXEC" && got != "MULTI; HDEL h a b; HSET h z 1; EXEC" {
		t.Errorf("logged %q", got)
	}
}

// TestFieldsExpireByThemselves: the background removes them, also after the key was renamed, moved or copied.
func TestFieldsExpireByThemselves(t *testing.T) {
	r := newRig(t, "appendonly yes")
	r.do("HSET h a 1")
	r.do("HSET m a 1")
	r.do("HSET c a 1 b 2")
	for _, key := range []string{"h", "m", "c"} {
		r.do("HPEXPIRE " + key + " 100 FIELDS 1 a")
	}
	r.do("RENAME h renamed")
	r.do("MOVE m 5")
	r.do("COPY c copied")
	r.advance(99)
	for r.s.expireFields() {
		t.Error("something expired too early")
	}
	r.effects()
	r.advance(1)
	r.s.BeginEvent()
	for r.s.expireFields() {
	}
	r.s.EndEvent()
	got := map[string]bool{}
	for _, line := range r.effects() {
		got[line] = true
	}
	for _, line := range []string{"HDEL renamed a", "HDEL m a", "HDEL c a", "HDEL copied a"} {
		if !got[line] {
			t.Errorf("%q is not in the log: %v", line, got)
		}
	}
	r.want("EXISTS renamed h", ":0\r\n")
	r.want("HLEN copied", ":1\r\n")
	for _, db := range r.s.Store.DBs {
		if want := map[int]int{0: 2}[db.ID]; db.Len() != want {
			t.Errorf("database %d: %d keys, want %d", db.ID, db.Len(), want)
		}
	}
}

// TestFieldExpiryAgainstModel runs random commands on a few hashes while time goes on.
func TestFieldExpiryAgainstModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 3))
	r := newRig(t, "hash-max-listpack-entries 8")
	type item struct {
		value string
		at    int64 // 0: never
	}
	models := []map[string]item{{}, {}, {}}
	now := int64(rigStart)
	get := func(m map[string]item, f string) (item, bool) {
		it, ok := m[f]
		if ok && it.at != 0 && it.at <= now {
			delete(m, f)
			return item{}, false
		}
		return it, ok
	}
	for range 20000 {
		i := rng.IntN(3)
		key, f, m := fmt.Sprintf("h%d", i), fmt.Sprintf("f%d", rng.IntN(40)), models[i]
		it, ok := get(m, f)
		switch rng.IntN(9) {
		case 0, 1:
			wantReply(t, r.send("HSET", key, f, "5"), truth(!ok))
			m[f] = item{value: "5"}
		case 2:
			wantReply(t, r.send("HDEL", key, f), truth(ok))
			delete(m, f)
		case 3, 4:
			at, code := now+1+rng.Int64N(200), "-2"
			if ok {
				code = "1"
				m[f] = item{it.value, at}
			}
			wantReply(t, r.send("HPEXPIREAT", key, strconv.FormatInt(at, 10), "FIELDS", "1", f), "*1\r\n:"+code)
		case 5:
			want := "-2"
			if ok && it.at == 0 {
				want = "-1"
			} else if ok {
				want = strconv.FormatInt(it.at-now, 10)
			}
			wantReply(t, r.send("HPTTL", key, "FIELDS", "1", f), "*1\r\n:"+want)
		case 6:
			n, _ := strconv.Atoi(it.value)
			m[f] = item{strconv.Itoa(n + 1), it.at}
			wantReply(t, r.send("HINCRBY", key, f, "1"), ":"+m[f].value)
		case 7:
			r.advance(rng.Int64N(20))
			now = r.nanos / 1e6
			r.s.BeginEvent()
			if rng.IntN(2) == 0 {
				r.s.expireFields()
			}
		case 8:
			n := 0
			for f := range m {
				if _, ok := get(m, f); ok {
					n++
				}
			}
			if all := bulks(r.do("HGETALL " + key)); len(all) != 2*n {
				t.Fatalf("HGETALL %s: %q, want %d fields of %v", key, all, n, m)
			}
			wantReply(t, r.do("EXISTS "+key), truth(n > 0))
		}
	}
}
