package durability

import (
	"fmt"
	"strconv"
	"strings"

	"spindle/bench/client"
)

// spread is how many fields or keys a probe of many parts goes round.
const spread = 512

// A probe is one way of writing whose outcome tells how often it was done.
type probe struct {
	name    string
	command string // that the server must know
	// send appends write n to the key.
	send func(c *client.Conn, key string, n int64)
	// reply is what write n must be answered with, when that depends on n:
	// a wrong answer shows a repeated effect even without a kill.
	reply func(n int64) string
	// count reads the key and says how many writes it has seen. It fails with
	// a *Violation when no number explains the value.
	count func(c *client.Conn, key string) (int64, error)
	// many says that write n goes to key suffix n%spread.
	many bool
	// parts are the suffixes of further keys that a write goes to.
	parts []string
	// replies is how many a write is answered with, the last of which counts; 0 means 1.
	replies int
}

// key is the probe's key of one connection in one cycle.
func (p *probe) key(prefix string) string { return prefix + p.name }

// keys lists everything that the probe writes.
func (p *probe) keys(prefix string) []string {
	if !p.many {
		keys := []string{p.key(prefix)}
		for _, part := range p.parts {
			keys = append(keys, p.key(prefix)+part)
		}
		return keys
	}
	keys := make([]string, spread)
	for i := range keys {
		keys[i] = partKey(p.key(prefix), int64(i))
	}
	return keys
}

func keyPrefix(cycle, conn int) string { return fmt.Sprintf("d:%d:%d:", cycle, conn) }

func partKey(key string, i int64) string { return key + ":" + strconv.FormatInt(i, 10) }

var probes = []probe{
	{
		name: "last", command: "SET",
		send:  func(c *client.Conn, key string, n int64) { head(c, 3, "SET", key); c.Int(n) },
		count: func(c *client.Conn, key string) (int64, error) { return number(c, "GET", key) },
	}, {
		name: "counter", command: "INCR",
		send:  func(c *client.Conn, key string, n int64) { head(c, 2, "INCR", key) },
		reply: decimal,
		count: func(c *client.Conn, key string) (int64, error) { return number(c, "GET", key) },
	}, {
		name: "appended", command: "APPEND",
		send:  func(c *client.Conn, key string, n int64) { head(c, 3, "APPEND", key); c.Arg(".") },
		reply: decimal,
		count: func(c *client.Conn, key string) (int64, error) { return number(c, "STRLEN", key) },
	}, {
		name: "keys", command: "SET", many: true,
		send: func(c *client.Conn, key string, n int64) {
			head(c, 3, "SET", partKey(key, n%spread))
			c.Int(n)
		},
		count: countKeys,
	}, {
		name: "fields", command: "HSET",
		send: func(c *client.Conn, key string, n int64) {
			head(c, 4, "HSET", key)
			c.Int(n)
			c.Int(n)
		},
		reply: func(int64) string { return "1" },
		count: countFields,
	}, {
		name: "sums", command: "HINCRBY",
		send: func(c *client.Conn, key string, n int64) {
			head(c, 4, "HINCRBY", key)
			c.Int(n % spread)
			c.Int(1)
		},
		reply: func(n int64) string { return decimal(seen(n, n%spread)) },
		count: func(c *client.Conn, key string) (int64, error) { return countSums(c, "HGETALL", key) },
	}, {
		name: "list", command: "RPUSH",
		send:  func(c *client.Conn, key string, n int64) { head(c, 3, "RPUSH", key); c.Int(n) },
		reply: decimal,
		count: countList,
	}, {
		name: "set", command: "SADD",
		send:  func(c *client.Conn, key string, n int64) { head(c, 3, "SADD", key); c.Arg("m" + decimal(n)) },
		reply: func(int64) string { return "1" },
		count: countSet,
	}, {
		name: "scores", command: "ZINCRBY",
		send: func(c *client.Conn, key string, n int64) {
			head(c, 4, "ZINCRBY", key)
			c.Int(1)
			c.Int(n % spread)
		},
		reply: func(n int64) string { return decimal(seen(n, n%spread)) },
		count: countScores,
	}, {
		name: "stream", command: "XADD",
		send: func(c *client.Conn, key string, n int64) {
			head(c, 5, "XADD", key)
			c.Arg(decimal(n) + "-1")
			c.Arg("n")
			c.Int(n)
		},
		reply: func(n int64) string { return decimal(n) + "-1" },
		count: countStream,
	}, {
		// All or nothing: the counter, and the list's last few, which go round.
		name: "block", command: "MULTI", parts: []string{":list"}, replies: 5,
		send: func(c *client.Conn, key string, n int64) {
			c.Send("MULTI")
			head(c, 2, "INCR", key)
			head(c, 3, "LPUSH", key+":list")
			c.Int(n)
			c.Send("LTRIM", key+":list", "0", decimal(lastFew-1))
			c.Send("EXEC")
		},
		count: countBlock,
	}, {
		name: "script", command: "EVAL", parts: []string{":list"},
		send: func(c *client.Conn, key string, n int64) {
			head(c, 6, "EVAL", script)
			c.Arg("2")
			c.Arg(key)
			c.Arg(key + ":list")
			c.Int(n)
		},
		reply: decimal,
		count: countScript,
	},
}

const lastFew = 16 // elements that the list of a block keeps

// script has two effects and answers like the first.
const script = `local n = redis.call('INCR', KEYS[1]); redis.call('RPUSH', KEYS[2], ARGV[1]); return n`

func head(c *client.Conn, n int, name, key string) {
	c.Begin(n)
	c.Arg(name)
	c.Arg(key)
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// seen is how many of the numbers 1 to n leave rest when divided by spread.
func seen(n, rest int64) int64 {
	k := (n - rest) / spread
	if n < rest {
		return 0
	}
	if rest == 0 {
		return k
	}
	return k + 1
}

func violation(format string, a ...any) error {
	return &Violation{What: fmt.Sprintf(format, a...)}
}

// number is the reply of a command as a number; nil is 0.
func number(c *client.Conn, args ...string) (int64, error) {
	r, err := c.Do(args...)
	if err != nil {
		return 0, err
	}
	if r.Kind == '_' {
		return 0, nil
	}
	n, err := strconv.ParseInt(r.String(), 10, 64)
	if err != nil {
		return 0, violation("%s: %q is no number", strings.Join(args, " "), r.String())
	}
	return n, nil
}

// countKeys checks that each key holds the last number that went to it.
func countKeys(c *client.Conn, key string) (int64, error) {
	values := make([]int64, spread)
	most := int64(0)
	for i := range values {
		n, err := number(c, "GET", partKey(key, int64(i)))
		if err != nil {
			return 0, err
		}
		values[i] = n
		most = max(most, n)
	}
	for i, got := range values {
		last := most - ((most-int64(i))%spread+spread)%spread
		if want := max(last, 0); got != want {
			return 0, violation("%s: %d, want %d after %d writes", partKey(key, int64(i)), got, want, most)
		}
	}
	return most, nil
}

// pairs reads a reply of names and values, both numbers, or of one member and
// its score.
func pairs(c *client.Conn, args ...string) (map[int64]int64, error) {
	r, err := c.Do(args...)
	if err != nil {
		return nil, err
	}
	m := make(map[int64]int64, len(r.Elems)/2)
	for i := 0; i+1 < len(r.Elems); i += 2 {
		k, err1 := strconv.ParseInt(r.Elems[i].String(), 10, 64)
		v, err2 := strconv.ParseInt(r.Elems[i+1].String(), 10, 64)
		if err1 != nil || err2 != nil {
			return nil, violation("%s: %q %q", strings.Join(args, " "), r.Elems[i].String(), r.Elems[i+1].String())
		}
		if _, twice := m[k]; twice {
			return nil, violation("%s: %d is there twice", strings.Join(args, " "), k)
		}
		m[k] = v
	}
	return m, nil
}

func countFields(c *client.Conn, key string) (int64, error) {
	m, err := pairs(c, "HGETALL", key)
	if err != nil {
		return 0, err
	}
	for n := range int64(len(m)) {
		if v, ok := m[n+1]; !ok || v != n+1 {
			return 0, violation("%s: %d fields, but field %d is %d (there: %v)", key, len(m), n+1, v, ok)
		}
	}
	return int64(len(m)), nil
}

// countSums checks values that were counted up by one in turns.
func countSums(c *client.Conn, args ...string) (int64, error) {
	m, err := pairs(c, args...)
	if err != nil {
		return 0, err
	}
	total := int64(0)
	for _, v := range m {
		total += v
	}
	for i := range int64(spread) {
		if m[i] != seen(total, i) {
			return 0, violation("%s: %d is %d, want %d after %d writes", strings.Join(args, " "), i, m[i], seen(total, i), total)
		}
	}
	return total, nil
}

func countScores(c *client.Conn, key string) (int64, error) {
	return countSums(c, "ZRANGE", key, "0", "-1", "WITHSCORES")
}

func countList(c *client.Conn, key string) (int64, error) {
	r, err := c.Do("LRANGE", key, "0", "-1")
	if err != nil {
		return 0, err
	}
	for i, e := range r.Elems {
		if e.String() != decimal(int64(i+1)) {
			return 0, violation("%s: element %d is %q", key, i+1, e.String())
		}
	}
	return int64(len(r.Elems)), nil
}

func countSet(c *client.Conn, key string) (int64, error) {
	r, err := c.Do("SMEMBERS", key)
	if err != nil {
		return 0, err
	}
	there := make(map[string]bool, len(r.Elems))
	for _, e := range r.Elems {
		there[e.String()] = true
	}
	for n := range r.Elems {
		if !there["m"+decimal(int64(n+1))] {
			return 0, violation("%s: %d members without m%d", key, len(r.Elems), n+1)
		}
	}
	return int64(len(r.Elems)), nil
}

func countStream(c *client.Conn, key string) (int64, error) {
	r, err := c.Do("XRANGE", key, "-", "+")
	if err != nil {
		return 0, err
	}
	for i, e := range r.Elems {
		if len(e.Elems) != 2 || e.Elems[0].String() != decimal(int64(i+1))+"-1" {
			return 0, violation("%s: entry %d is %v", key, i+1, e)
		}
	}
	return int64(len(r.Elems)), nil
}

// countBlock checks that the effects of a block were all done, or none.
func countBlock(c *client.Conn, key string) (int64, error) {
	n, err := number(c, "GET", key)
	if err != nil {
		return 0, err
	}
	r, err := c.Do("LRANGE", key+":list", "0", "-1")
	if err != nil {
		return 0, err
	}
	if want := min(n, lastFew); int64(len(r.Elems)) != want {
		return 0, violation("%s: %d elements after %d blocks, want %d", key, len(r.Elems), n, want)
	}
	for i, e := range r.Elems {
		if e.String() != decimal(n-int64(i)) {
			return 0, violation("%s: element %d is %q after %d blocks", key, i+1, e.String(), n)
		}
	}
	return n, nil
}

// countScript checks that both effects of a script were done, or none.
func countScript(c *client.Conn, key string) (int64, error) {
	n, err := number(c, "GET", key)
	if err != nil {
		return 0, err
	}
	pushed, err := countList(c, key+":list")
	if err == nil && pushed != n {
		err = violation("%s: the script's first effect was done %d times, its second %d times", key, n, pushed)
	}
	return n, err
}
