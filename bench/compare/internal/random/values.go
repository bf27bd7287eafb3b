package random

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"spindle/bench/compare/internal/reply"
)

// gen is the source of one epoch's commands.
type gen struct {
	*rand.Rand
	templates []template
	soon      bool // the command under construction makes a key expire at once
	inMulti   bool // a transaction may be open: nothing may expire inside its EXEC
}

func newGen(seed, epoch uint64, templates []template) *gen {
	return &gen{Rand: rand.New(rand.NewPCG(seed, epoch)), templates: templates}
}

func (g *gen) pick(from ...string) string { return from[g.IntN(len(from))] }

// nasty arguments are tried in every position. In none of our values is the part
// before a NUL another value: SORT ALPHA compares no further, so they would tie.
var nasty = []string{
	"", "0", "-1", "-0", "00", "+1", " 1", "1 ", "1.0", "0x10", "1e3", "abc", "n\x00", "a\r\nb", "*", "?", "[",
	"9223372036854775807", "-9223372036854775808", "9223372036854775808", "-9223372036854775809", "18446744073709551615",
	"18446744073709551616", "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295", "4294967296", "9223372036854775806",
	"4611686018427387904", "-4611686018427387904", "9007199254740993",
	"inf", "-inf", "+inf", "nan", "-nan", "1e308", "1e309", "-1e309", "1e-320", "infinity", "(", "(inf", "[a", "-", "+", "(1", "0.1", "-0.0",
	"99999999999999999999999999", "\xff\xfe", "LIMIT", "COUNT", "EX", "GET", "nx", "MATCH", "STORE", "withscores", "#0", "i64", "u64", "0-0", "$", ">",
}

var integers = []string{
	"0", "1", "-1", "2", "3", "5", "7", "10", "-10", "42", "100", "255", "256", "127", "128", "-128", "-129", "32767", "32768", "-32768", "65535", "65536",
	"8388607", "8388608", "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967296", "9223372036854775807",
	"-9223372036854775808", "9223372036854775806", "1000000000000",
}

var floats = []string{
	"0", "1", "-1", "0.1", "0.2", "1.5", "-2.75", "3.0", "1e3", "5.0e-3", "1e17", "1e21", "123456789.123456789", "3.14159265358979", "1e-7", "0.30000000000000004", "1e308",
	"inf", "-inf", "nan", "9007199254740993", "-0", "1e100", "17179869184", "-1234567890123456789", "0.00000000000000001", "1.7976931348623157e308",
}

var longValue = strings.Repeat("long-value;", 9)

func one(f func(g *gen) string) func(g *gen) []string {
	return func(g *gen) []string { return []string{f(g)} }
}

// from picks one of a list.
func from(list ...string) func(g *gen) []string {
	return func(g *gen) []string { return []string{list[g.IntN(len(list))]} }
}

// keyOf picks a key that commands of one type use, and sometimes another's.
func keyOf(names ...string) func(g *gen) []string {
	return one(func(g *gen) string {
		if g.IntN(16) == 0 {
			return anyKey(g)
		}
		return g.pick(names...)
	})
}

var allKeys = []string{"s1", "s2", "s3", "s\x00", "h1", "h2", "h3", "l1", "l2", "l3", "set1", "set2", "set3", "z1", "z2", "z3", "x1", "x2", "b1", "b2", "p1", "p2", "p3",
	"g1", "g2", "missing", ""}

func anyKey(g *gen) string { return allKeys[g.IntN(len(allKeys))] }

// classes are the argument generators that templates name.
var classes map[string]func(g *gen) []string

func init() {
	classes = map[string]func(g *gen) []string{
		"skey": keyOf("s1", "s2", "s3", "s\x00"), "hkey": keyOf("h1", "h2", "h3"), "lkey": keyOf("l1", "l2", "l3"),
		"setkey": keyOf("set1", "set2", "set3"), "zkey": keyOf("z1", "z2", "z3"), "xkey": keyOf("x1", "x2"),
		"bkey": keyOf("b1", "b2", "s1"), "pkey": keyOf("p1", "p2", "p3"), "gkey": keyOf("g1", "g2"),
		"lexkey":  from("zl1", "zl2"), // all scores 0, see tameLex
		"anyzkey": keyOf("z1", "z2", "z3", "set1", "set2"), "key": one(anyKey),
		"val": one(value), "member": one(member), "int": one(integer), "index": one(index), "count": one(count),
		"float": one(float), "score": one(score), "lex": one(lex), "glob": from("*", "s*", "?1", "[hs]*", "[^s]*", "h\\1", "*1*", "", "a[b-", "\\", "m?", "[a-c]*", "**1"),
		"ttl": one(func(g *gen) string { return seconds(g) }), "pttl": one(func(g *gen) string { return seconds(g) + "000" }),
		"at": one(func(g *gen) string {
			return g.pick("0", "1", "1000000000", "33000000000", "4000000000", "32000000000", "-1")
		}),
		"pat": one(func(g *gen) string {
			return g.pick("0", "1", "33000000000123", "4000000000000", "32000000000999", "-1")
		}),
		"soon":  func(g *gen) []string { g.soon = true; return []string{"1"} },
		"id":    one(streamID),
		"newid": one(newStreamID),
		"group": from("gr1", "gr2", "gr3"), "consumer": from("alice", "bob", ""),
		"bit": from("0", "1", "1", "2", "-1"), "offset": one(offset), "bftype": from("u1", "u8", "i8", "i5", "u63", "i64", "u16", "i1", "u64", "i65", "u0", "x8", "i"),
		"bfoffset": from("0", "1", "7", "8", "#0", "#1", "#3", "100", "-1", "#-1", "#", "a"),
		"lon":      from("13.361389", "15.087269", "0", "-180", "180", "181", "2.35", "-122.4", "13.4", "139.69", "abc"),
		"lat":      from("38.115556", "37.502669", "0", "85.05112878", "-85.05112878", "86", "48.85", "37.77", "38.1", "35.69", "nan"),
		"radius":   from("0", "1", "100", "200.5", "1000", "5000", "20000", "-1", "1e10", "abc"),
		"unit":     from("m", "km", "ft", "mi", "KM", "cm"),
		"numkeys":  from("1", "2", "3", "2", "1", "0", "-1"), "db": from("0", "1", "1", "15", "16", "-1", "a"),
		"type":    from("string", "hash", "list", "set", "zset", "stream", "STRING", "none", "x"),
		"sortby":  from("w_*", "nosort", "s*", "h1->*", "*", "h*->f1"),
		"setkeys": keysOf("setkey"), "zkeys": keysOf("anyzkey"), "bkeys": keysOf("bkey"), "lkeys": keysOf("lkey"),
		"weights": weights,
	}
}

// keysOf makes a number and so many keys, rarely a wrong number.
func keysOf(c string) func(g *gen) []string {
	return func(g *gen) []string {
		n := 1 + g.IntN(3)
		args := []string{strconv.Itoa(n)}
		for range n {
			args = append(args, classes[c](g)...)
		}
		if g.IntN(12) == 0 {
			args[0] = integer(g)
		}
		return args
	}
}

// weights are as many as there are likely to be keys.
func weights(g *gen) []string {
	args := []string{"WEIGHTS"}
	for range 1 + g.IntN(3) {
		args = append(args, float(g))
	}
	return args
}

func value(g *gen) string {
	switch g.IntN(10) {
	case 0:
		return integers[g.IntN(len(integers))]
	case 1:
		return floats[g.IntN(len(floats))]
	case 2:
		return g.pick("", "v\x00\x01\xff", longValue, "a b", "44444444444444444444444444444444444444444444", "555555555555555555555555555555555555555555555")
	case 3, 4:
		return strconv.Itoa(g.IntN(20) - 5)
	}
	return g.pick("foo", "bar", "ohmytext", "mynewtext", "hello world", "x", "aaaa", "abcabcabc")
}

func member(g *gen) string {
	switch g.IntN(12) {
	case 0:
		return g.pick("", longValue, "m\x00\xff", "m\xc3\xa9", "-5", "00", "1.5", "9223372036854775807")
	case 1, 2, 3:
		return strconv.Itoa(g.IntN(12))
	}
	return g.pick("a", "b", "c", "d", "e", "f1", "f2", "f3", "m1", "m2", "m3", "aa", "ab")
}

func integer(g *gen) string {
	if g.IntN(3) > 0 {
		return strconv.Itoa(g.IntN(20) - 6)
	}
	return integers[g.IntN(len(integers))]
}

func index(g *gen) string {
	if g.IntN(8) > 0 {
		return strconv.Itoa(g.IntN(24) - 10)
	}
	return integers[g.IntN(len(integers))]
}

func count(g *gen) string {
	if g.IntN(8) > 0 {
		return strconv.Itoa(g.IntN(6))
	}
	return integers[g.IntN(len(integers))]
}

func float(g *gen) string {
	switch g.IntN(4) {
	case 0:
		return floats[g.IntN(len(floats))]
	case 1:
		return strconv.FormatFloat(g.Float64()*100-50, 'g', -1, 64)
	}
	return strconv.Itoa(g.IntN(12) - 3)
}

func score(g *gen) string {
	return g.pick("", "", "(") + g.pick("-inf", "+inf", "inf", float(g), float(g), float(g), "1", "2", "x")
}

func lex(g *gen) string {
	return g.pick("-", "+", "["+member(g), "("+member(g), "["+member(g), "(", "[", "x")
}

// seconds is a lifetime that outlasts the run by far. Two of them are equal or
// far apart, so that GT and LT do not depend on a millisecond.
func seconds(g *gen) string {
	return g.pick("20000", strconv.Itoa(20000+50*g.IntN(1000000)), "400000000", "0", "-1")
}

// offset is a bit or byte offset that costs little memory, or too large.
func offset(g *gen) string {
	return g.pick("0", "1", "7", "8", "15", "63", "64", "100", "1000", strconv.Itoa(g.IntN(300)), "-1", "4294967296", "536870912", "x")
}

func streamID(g *gen) string {
	return g.pick("-", "+", "0", "$", ">", "0-0", "0-1", "1-1", strconv.Itoa(g.IntN(30))+"-"+strconv.Itoa(g.IntN(3)), strconv.Itoa(g.IntN(30)),
		"("+strconv.Itoa(g.IntN(30))+"-1", "(5", strconv.Itoa(g.IntN(30))+"-"+strconv.Itoa(g.IntN(3)), "18446744073709551615-18446744073709551615", "(18446744073709551615-18446744073709551615", "a-1", "1-a", "1-1-1")
}

func newStreamID(g *gen) string {
	if g.IntN(4) == 0 {
		return streamID(g)
	}
	return strconv.Itoa(g.IntN(60)) + g.pick("", "-*", "-1", "-5")
}

// next makes one command.
func (g *gen) next() Step {
	t := g.templates[g.IntN(len(g.templates))]
	g.soon = false
	args := t.root.grow(g, nil)
	if g.soon && g.inMulti {
		return g.next()
	}
	norm := t.norm
	if !g.soon && g.IntN(12) == 0 {
		args = g.mutate(slices.Clone(args))
		if d := reply.Default(args); d == "shape" {
			norm = d // a count that asked for all elements may have gone
		}
	}
	if g.IntN(6) == 0 {
		args[0] = strings.ToLower(args[0])
		i := g.IntN(len(args))
		if isOption(args[i]) {
			args[i] = mixCase(g, args[i])
		}
	}
	s := Step{Args: args, norm: norm}
	if name := strings.ToUpper(args[0]); name == "MULTI" {
		g.inMulti = true
	} else if len(args) == 1 && (name == "EXEC" || name == "DISCARD") {
		g.inMulti = false
	}
	// EXEC too: a shrunk trace may have queued a command that lets a key expire.
	if g.soon || strings.EqualFold(args[0], "EXEC") {
		s.Sleep = soonSleep
	}
	return tame(s)
}

// mutate spoils one argument.
func (g *gen) mutate(args []string) []string {
	i := g.IntN(len(args))
	if i == 0 && len(args) > 1 {
		i = 1
	}
	switch g.IntN(6) {
	case 0:
		if i > 0 {
			return slices.Delete(args, i, i+1)
		}
	case 1:
		return slices.Insert(args, i+1, nasty[g.IntN(len(nasty))])
	case 2:
		return append(args, args[i])
	case 3:
		j := g.IntN(len(args))
		if i > 0 && j > 0 {
			args[i], args[j] = args[j], args[i]
		}
	default:
		if i > 0 {
			args[i] = nasty[g.IntN(len(nasty))]
		}
	}
	return args
}

// isOption tells option words from keys and members, which have lower case.
func isOption(s string) bool {
	return len(s) > 1 && s == strings.ToUpper(s) && s[0] >= 'A' && s[0] <= 'Z'
}

func mixCase(g *gen, s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' && g.IntN(2) == 0 {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
