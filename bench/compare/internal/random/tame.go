package random

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Step is one command and, for one that lets a key expire, a pause after it.
type Step struct {
	Args  []string
	Sleep time.Duration
	norm  string
}

// soonSleep outlasts PX 1.
const soonSleep = 4 * time.Millisecond

const farMs = 20_000_000 // no run takes that long

// tame changes a command that could make two correct servers differ.
func tame(s Step) Step {
	name := strings.ToUpper(s.Args[0])
	if s.Sleep == 0 {
		tameExpiry(name, s.Args)
	}
	tameLex(name, s.Args)
	switch name {
	case "SETRANGE", "SETBIT":
		tameOffsets(s.Args, 2)
	case "BITFIELD":
		tameOffsets(s.Args, 3)
	case "SPOP":
		tameSPOP(s.Args)
	case "SORT", "SORT_RO":
		tameSort(s.Args)
	case "RENAME", "RENAMENX", "COPY":
		tameRename(s.Args)
	case "SRANDMEMBER", "HRANDFIELD", "ZRANDMEMBER":
		tameSample(s.Args)
	case "SCAN", "SSCAN", "HSCAN", "ZSCAN":
		s.Args = tameScan(name, s.Args)
	case "XADD", "XREADGROUP", "XCLAIM", "XAUTOCLAIM", "XPENDING", "XREAD":
		tameStream(name, s.Args)
	case "BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP":
		tameBlocking(name, s.Args)
	case "ZRANK", "ZREVRANK":
		if len(s.Args) == 4 { // later versions take WITHSCORE
			s.Args = s.Args[:3]
		}
	case "DBSIZE":
		// Keys that are expired but not yet reclaimed count; KEYS reclaims them.
		s.Args = []string{"KEYS", "*"}
	}
	return s
}

// tameExpiry moves lifetimes between now and far away to far away.
func tameExpiry(name string, args []string) {
	fix := func(i int) {
		if i < len(args) {
			if n, ok := spelled(args[i]); ok && n > 0 && n < farMs {
				args[i] = strconv.FormatInt(n+farMs, 10)
			}
		}
	}
	switch name {
	case "EXPIRE", "PEXPIRE", "SETEX", "PSETEX", "RESTORE":
		fix(2)
	case "SET", "GETEX":
		for i, a := range args {
			if strings.EqualFold(a, "EX") || strings.EqualFold(a, "PX") {
				fix(i + 1)
			}
		}
	}
	// An absolute time near now cannot come out of our values.
}

// spelled reads an integer as leniently as any server might.
func spelled(s string) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	return n, err == nil
}

// tameOffsets takes out offsets that are allowed but cost hundreds of MB.
func tameOffsets(args []string, from int) {
	for i := from; i < len(args); i++ {
		n, ok := spelled(strings.TrimPrefix(args[i], "#"))
		if ok && n >= 1<<20 && n < 1<<32 {
			args[i] = "4294967296"
		}
	}
}

// tameSPOP lets it take all members or none, so that no choice is left.
func tameSPOP(args []string) {
	if len(args) == 2 {
		args[0] = "SCARD"
	} else if n, ok := spelled(args[2]); ok && n > 0 && n < 1000 {
		args[2] = "1000"
	}
}

// tameSort keeps BY away from sets: where it does not decide, the order is
// that of a hash table.
func tameSort(args []string) {
	if len(args) < 2 || !slices.ContainsFunc(args, func(a string) bool { return strings.EqualFold(a, "BY") }) {
		return
	}
	switch {
	case strings.HasPrefix(args[1], "z"):
		args[1] = "zl1"
	case !strings.HasPrefix(args[1], "l"):
		args[1] = "l1"
	}
}

// tameRename keeps other types away from the names of lists and of sorted sets
// with one score: tameSort and tameLex rely on what these hold.
func tameRename(args []string) {
	if len(args) < 3 {
		return
	}
	for _, prefix := range []string{"l", "zl"} {
		if strings.HasPrefix(args[2], prefix) && !strings.HasPrefix(args[1], prefix) {
			args[2] = "set3"
		}
	}
}

// tameSample bounds the number of elements that a negative count asks for, but
// for the one that is refused.
func tameSample(args []string) {
	if len(args) < 3 {
		return
	}
	if n, ok := spelled(args[2]); ok && n < -1000 && n != math.MinInt64 {
		args[2] = "-1000"
	}
}

// tameLex keeps ranges by name to the keys whose members all have the score
// 0. With different scores the result is unspecified, and follows from the random
// levels of a skip list.
func tameLex(name string, args []string) {
	byLex := func(a string) bool { return strings.EqualFold(a, "BYLEX") }
	key := -1
	switch {
	case name == "ZRANGESTORE" && slices.ContainsFunc(args, byLex):
		key = 2
	case name == "ZRANGE" && slices.ContainsFunc(args, byLex), strings.HasPrefix(name, "Z") && strings.Contains(name, "LEX"):
		key = 1
	case name == "ZADD" && len(args) > 1 && strings.HasPrefix(args[1], "zl"):
		for i := 2; i < len(args); i += 2 {
			if _, err := strconv.ParseFloat(args[i], 64); err == nil {
				args[i] = "0"
			}
		}
	}
	if key > 0 && key < len(args) && !slices.Contains([]string{"zl1", "zl2", "s1", "h1", "missing"}, args[key]) {
		args[key] = "zl1"
	}
}

// tameScan makes every scan a complete one.
func tameScan(name string, args []string) []string {
	at := 2
	if name == "SCAN" {
		at = 1
	}
	if at >= len(args) {
		return args
	}
	// Redis reads cursors with strtoul, which takes a sign, and nothing for 0.
	if _, err := strconv.ParseUint(strings.TrimLeft(args[at], " +-"), 10, 64); err == nil || args[at] == "" {
		args[at] = "0"
	}
	// To SCAN an expired key has the type "none", for as long as nobody has removed it.
	for i := at + 1; name == "SCAN" && i < len(args); i++ {
		if strings.EqualFold(args[i], "none") {
			args[i] = "string"
		}
	}
	return append(args, "COUNT", "100000")
}

// tameStream takes out ids made of the clock and idle times.
func tameStream(name string, args []string) {
	for i, a := range args {
		idle := i > 0 && strings.EqualFold(args[i-1], "IDLE") || i == 4 && (name == "XCLAIM" || name == "XAUTOCLAIM")
		switch n, ok := spelled(a); {
		case name == "XADD" && a == "*":
			args[i] = "5-*"
		case strings.EqualFold(a, "BLOCK"), strings.EqualFold(a, "TIME"):
			args[i] = "COUNT"
		case name == "XCLAIM" && strings.EqualFold(a, "IDLE"):
			args[i] = "RETRYCOUNT"
		case idle && ok && n > 0:
			args[i] = "0"
		}
	}
}

// tameBlocking keeps the timeout at a moment, wherever a mutation put it.
func tameBlocking(name string, args []string) {
	at := len(args) - 1
	if name == "BLMPOP" || name == "BZMPOP" {
		at = 1
	}
	if at < 1 || at >= len(args) {
		return
	}
	text := strings.TrimSpace(args[at])
	if hex, err := strconv.ParseInt(text, 0, 64); err == nil { // 0x10 is a number of seconds, too
		text = strconv.FormatInt(hex, 10)
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && (f == 0 || f > 0.001) && f < 1e16 { // beyond, it is refused
		args[at] = "0.001"
	}
}
