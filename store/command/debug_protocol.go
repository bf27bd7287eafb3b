package command

import (
	"strings"

	"spindle/resp"
)

// debugProtocol answers with a value of each kind that the protocol has.
func debugProtocol(c *Ctx) error {
	w := c.Out
	three := func() {
		for i := range int64(3) {
			w.Int(i)
		}
	}
	switch strings.ToLower(string(c.Args[2])) {
	case "string":
		w.BulkString("Hello World")
	case "integer":
		w.Int(12345)
	case "double":
		w.Double(3.141)
	case "null":
		w.Null()
	case "array":
		w.Array(3)
		three()
	case "set":
		w.Set(3)
		three()
	case "map":
		w.Map(3)
		for i := range int64(3) {
			w.Int(i)
			w.Bool(i == 1)
		}
	case "attrib":
		if w.Attribute(1) {
			w.BulkString("key-popularity")
			w.Array(2)
			w.BulkString("key:123")
			w.Int(90)
		}
		w.BulkString("Some real reply following the attribute")
	case "push":
		if w.Proto < 3 {
			return resp.ErrNeedsRESP3
		}
		w.Push(2)
		w.BulkString("server-cpu-usage")
		w.Int(42)
		w.BulkString("Some real reply following the push reply")
	case "true":
		w.Bool(true)
	case "false":
		w.Bool(false)
	case "verbatim":
		w.Verbatim("txt", "This is a verbatim\nstring")
	case "bignum":
		w.BigNumber("1234567999999999999999999999999999999")
	default:
		return resp.ErrDebugProtocol
	}
	return nil
}
