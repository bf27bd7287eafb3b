// Package reply decides whether two servers answered the same.
//
// Replies are compared by their bytes. Where the protocol leaves a freedom
// (the order of a set, an id, a moment in time) a named normalisation removes
// it from both replies first. All of them are in the table norms; which command
// gets one without being asked is in the table byCommand. Everything else must
// be equal to the byte.
package reply

import (
	"bytes"
	"regexp"
	"slices"
	"sort"
	"strings"

	"spindle/bench/compare/internal/wire"
)

// norm removes an allowed difference from two replies to the same command.
// arg is what follows the colon of a parameterised name.
type norm func(a, b *wire.Frame, arg string)

var norms = map[string]norm{
	"exact":     func(_, _ *wire.Frame, _ string) {},              // switches off what byCommand says
	"ignore":    each(func(f *wire.Frame) { *f = wire.Frame{} }),  // any reply will do
	"type":      each(onlyKind),                                   // type of the reply; of an error its first word
	"shape":     each(shape),                                      // types and numbers of elements, at every depth
	"unordered": each(sortElems),                                  // a set: elements in any order
	"pairs":     each(sortPairs),                                  // a map, flat in RESP2: pairs in any order
	"deep":      each(sortDeep),                                   // every aggregate inside in any order
	"scan":      each(sortSecond(sortElems)),                      // a cursor and a set
	"scanpairs": each(sortSecond(sortPairs)),                      // a cursor and a flat map
	"near":      func(a, b *wire.Frame, _ string) { near(a, b) },  // every number 2 % or 2 apart at most
	"digits":    each(zeroDigits),                                 // runs of digits in strings count as one 0
	"fields":    each(clientFields),                               // CLIENT LIST: addresses, ages and sizes blanked, fields of later versions left out
	"sections":  each(sections),                                   // INFO: only the # lines
	"mask":      mask,                                             // mask:a,b - the types of the values after a and b
	"idle":      func(a, b *wire.Frame, _ string) { idle(a, b) },  // XPENDING: the third of four is near
	"rules":     each(sortRules),                                  // ACL rules for single commands in any order
	"superset":  superset,                                         // the other server may have more elements (commands of later versions)
	"slowlog":   each(slowlog),                                    // ids, times and addresses blanked
	"times":     func(a, b *wire.Frame, _ string) { times(a, b) }, // Unix times in ms two seconds apart at most
	"monitor":   each(monitor),                                    // MONITOR: time stamp and address blanked
}

// byCommand names the normalisation of commands whose replies differ by
// nature. Container commands are listed with their subcommand.
var byCommand = map[string]string{
	"SMEMBERS": "unordered", "SINTER": "unordered", "SUNION": "unordered", "SDIFF": "unordered",
	"KEYS": "unordered", "HKEYS": "unordered", "HVALS": "unordered",
	"PUBSUB CHANNELS": "unordered", "PUBSUB SHARDCHANNELS": "unordered", "COMMAND LIST": "superset unordered",
	"HGETALL": "pairs", "CONFIG GET": "pairs",
	"COMMAND": "ignore", "COMMAND INFO": "deep", "COMMAND DOCS": "deep", "COMMAND GETKEYSANDFLAGS": "deep",
	"SCAN": "scan", "SSCAN": "scan", "HSCAN": "scanpairs", "ZSCAN": "scanpairs",
	"TTL": "near", "PTTL": "near", "EXPIRETIME": "near", "PEXPIRETIME": "near",
	"OBJECT IDLETIME": "type", // the integers that Redis shares have an age of their own
	"LASTSAVE":        "near", "TIME": "shape",
	"RANDOMKEY": "shape", "SRANDMEMBER": "shape", "SPOP": "shape", "HRANDFIELD": "shape", "ZRANDMEMBER": "shape",
	"CLIENT ID": "type", "CLIENT INFO": "fields", "CLIENT LIST": "fields", "HELLO": "mask:id",
	"MEMORY USAGE": "type", "MEMORY STATS": "type", "MEMORY DOCTOR": "type", "MEMORY MALLOC-STATS": "type",
	"INFO": "sections", "COMMAND COUNT": "type", "LOLWUT": "type",
	"SLOWLOG GET": "slowlog", "LATENCY HISTOGRAM": "type", "LATENCY DOCTOR": "type",
	"DEBUG OBJECT": "digits", "DEBUG HTSTATS": "type", "DUMP": "type",
	"XINFO CONSUMERS": "mask:idle,inactive",
	"XINFO STREAM":    "times mask:idle,inactive,radix-tree-keys,radix-tree-nodes",
	"XPENDING":        "idle", "ACL GENPASS": "type", "ACL LIST": "rules", "ACL GETUSER": "rules", "ACL CAT": "superset unordered", "ACL LOG": "mask:age-seconds,client-info",
	"MONITOR": "monitor", "ROLE": "near",
}

// containers have the second word of byCommand's names.
var containers = map[string]bool{"PUBSUB": true, "COMMAND": true, "CONFIG": true, "OBJECT": true, "CLIENT": true,
	"MEMORY": true, "SLOWLOG": true, "LATENCY": true, "DEBUG": true, "XINFO": true, "ACL": true}

// Known reports whether a directive names normalisations.
func Known(names string) bool {
	for n := range strings.FieldsSeq(names) {
		name, _, _ := strings.Cut(n, ":")
		if norms[name] == nil {
			return false
		}
	}
	return names != ""
}

// Default names the normalisations that a command gets without being asked,
// separated by spaces.
func Default(args []string) string {
	if len(args) == 0 {
		return ""
	}
	name := strings.ToUpper(args[0])
	if containers[name] && len(args) > 1 {
		name += " " + strings.ToUpper(args[1])
	}
	return byCommand[name]
}

// Equal reports whether the replies a and b are the same but for what the
// named normalisations allow. It does not change them.
func Equal(a, b wire.Frame, names ...string) bool {
	if wire.Equal(a, b) {
		return true
	}
	a, b = a.Clone(), b.Clone()
	for _, n := range strings.Fields(strings.Join(names, " ")) {
		name, arg, _ := strings.Cut(n, ":")
		if f := norms[name]; f != nil {
			f(&a, &b, arg)
		}
	}
	return wire.Equal(a, b)
}

func each(f func(*wire.Frame)) norm {
	return func(a, b *wire.Frame, _ string) { f(a); f(b) }
}

func onlyKind(f *wire.Frame) {
	word := f.Text
	*f = wire.Frame{Kind: f.Kind, Null: f.Null}
	if f.Kind == '-' {
		f.Text, _, _ = bytes.Cut(word, []byte(" "))
	}
}

// shape keeps errors as they are: they have no random part.
func shape(f *wire.Frame) {
	if f.Kind == '-' {
		return
	}
	f.Text = nil
	for i := range f.Elems {
		shape(&f.Elems[i])
	}
}

func sortElems(f *wire.Frame) {
	if f.Kind == '%' {
		sortPairs(f)
		return
	}
	slices.SortStableFunc(f.Elems, compare)
}

func compare(a, b wire.Frame) int { return bytes.Compare(wire.Append(nil, a), wire.Append(nil, b)) }

// sortPairs also takes an array of two-element arrays, as RESP3 has them.
func sortPairs(f *wire.Frame) {
	switch {
	case len(f.Elems) > 0 && f.Kind != '%' && len(f.Elems[0].Elems) == 2:
		slices.SortStableFunc(f.Elems, compare)
	case len(f.Elems)%2 == 0:
		sort.Stable(pairs(f.Elems))
	}
}

// pairs sorts keys together with their values.
type pairs []wire.Frame

func (p pairs) Len() int { return len(p) / 2 }
func (p pairs) Less(i, j int) bool {
	if c := compare(p[2*i], p[2*j]); c != 0 {
		return c < 0
	}
	return compare(p[2*i+1], p[2*j+1]) < 0
}
func (p pairs) Swap(i, j int) {
	p[2*i], p[2*j] = p[2*j], p[2*i]
	p[2*i+1], p[2*j+1] = p[2*j+1], p[2*i+1]
}

func sortDeep(f *wire.Frame) {
	for i := range f.Elems {
		sortDeep(&f.Elems[i])
	}
	sortElems(f)
}

func sortSecond(by func(*wire.Frame)) func(*wire.Frame) {
	return func(f *wire.Frame) {
		if f.Aggregate() && len(f.Elems) == 2 {
			by(&f.Elems[1])
		}
	}
}

// near makes b equal to a where both are numbers and close to each other.
// Negative numbers are answers of another kind (-1: no expiry) and stay.
func near(a, b *wire.Frame) {
	x, ok1 := a.Int()
	y, ok2 := b.Int()
	if ok1 && ok2 && x >= 0 && y >= 0 {
		if d := max(x, y) - min(x, y); d <= 2+min(max(x, y)/50, 2000) {
			b.Text = a.Text
		}
	}
	for i := 0; i < min(len(a.Elems), len(b.Elems)); i++ {
		near(&a.Elems[i], &b.Elems[i])
	}
}

func idle(a, b *wire.Frame) {
	for i := 0; i < min(len(a.Elems), len(b.Elems)); i++ {
		x, y := &a.Elems[i], &b.Elems[i]
		if len(x.Elems) == 4 && len(y.Elems) == 4 && x.Elems[2].Kind == ':' {
			nearMs(&x.Elems[2], &y.Elems[2])
		}
	}
}

func times(a, b *wire.Frame) {
	const since = 1_000_000_000_000 // no count is as large
	if x, ok := a.Int(); ok && x > since {
		nearMs(a, b)
	}
	for i := 0; i < min(len(a.Elems), len(b.Elems)); i++ {
		times(&a.Elems[i], &b.Elems[i])
	}
}

// nearMs allows two seconds between two durations in ms.
func nearMs(a, b *wire.Frame) {
	x, ok1 := a.Int()
	y, ok2 := b.Int()
	if ok1 && ok2 && max(x, y)-min(x, y) <= 2000 {
		b.Text = a.Text
	}
}

func mask(a, b *wire.Frame, arg string) {
	names := strings.Split(arg, ",")
	maskOne(a, names)
	maskOne(b, names)
}

func maskOne(f *wire.Frame, names []string) {
	for i := range f.Elems {
		if i > 0 && slices.Contains(names, string(f.Elems[i-1].Text)) {
			onlyKind(&f.Elems[i])
		}
		maskOne(&f.Elems[i], names)
	}
}

var digits = regexp.MustCompile(`0x[0-9a-f]+|[0-9]+`)

func zeroDigits(f *wire.Frame) {
	if f.Kind != ':' {
		f.Text = digits.ReplaceAll(f.Text, []byte("0"))
	}
	for i := range f.Elems {
		zeroDigits(&f.Elems[i])
	}
}

var volatileFields = regexp.MustCompile(
	`\b(id|addr|laddr|fd|age|idle|qbuf|qbuf-free|argv-mem|multi-mem|rbs|rbp|obl|oll|omem|tot-mem|events|redir|watch)=[^ \n]*`)

var laterFields = regexp.MustCompile(` (lib-name|lib-ver)=[^ \n]*`)

func clientFields(f *wire.Frame) {
	f.Text = laterFields.ReplaceAll(f.Text, nil)
	f.Text = volatileFields.ReplaceAll(f.Text, []byte("$1="))
	for i := range f.Elems {
		clientFields(&f.Elems[i])
	}
}

func superset(a, b *wire.Frame, _ string) {
	if a.Aggregate() && b.Aggregate() {
		b.Elems = slices.DeleteFunc(b.Elems, func(e wire.Frame) bool {
			return !slices.ContainsFunc(a.Elems, func(f wire.Frame) bool { return wire.Equal(e, f) })
		})
	}
}

func sortRules(f *wire.Frame) {
	words := bytes.Fields(f.Text)
	for i := 0; i < len(words); {
		end := i
		for end < len(words) && singleRule(words[end]) {
			end++
			if bytes.HasSuffix(words[end-1], []byte(")")) {
				break
			}
		}
		sortRun(words[i:end])
		i = max(end, i+1)
	}
	f.Text = bytes.Join(words, []byte(" "))
	for i := range f.Elems {
		sortRules(&f.Elems[i])
	}
}

// singleRule reports whether w allows or forbids one command.
func singleRule(w []byte) bool { return len(w) > 1 && (w[0] == '+' || w[0] == '-') && w[1] != '@' }

// sortRun sorts rules of which the last may end a selector.
func sortRun(words [][]byte) {
	if len(words) == 0 {
		return
	}
	last := &words[len(words)-1]
	inner, closes := bytes.CutSuffix(*last, []byte(")"))
	*last = inner
	slices.SortFunc(words, bytes.Compare)
	if closes {
		*last = append(bytes.Clone(*last), ')')
	}
}

// slowlog leaves the arguments and the client's name of each entry.
func slowlog(f *wire.Frame) {
	for _, e := range f.Elems {
		if len(e.Elems) == 6 {
			for _, i := range []int{0, 1, 2, 4} {
				onlyKind(&e.Elems[i])
			}
		}
	}
}

var monitorHead = regexp.MustCompile(`^[0-9]+\.[0-9]+ \[([0-9]+) [^\]]*\]`)

func monitor(f *wire.Frame) { f.Text = monitorHead.ReplaceAll(f.Text, []byte("TIME [$1 ADDR]")) }

func sections(f *wire.Frame) {
	if f.Kind == '-' {
		return
	}
	var out []byte
	for line := range bytes.Lines(f.Text) {
		if bytes.HasPrefix(line, []byte("#")) {
			out = append(out, line...)
		}
	}
	f.Text = out
}
