package client

import (
	"net"
	"testing"
)

// A bulk string is one reply, though it has two lines: a loader that counts lines hangs up too early.
func TestSkip(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			c.Write([]byte("$15\r\n1700000000000-1\r\n$-1\r\n$4\r\n\r\n\r\n\r\n:7\r\n$0\r\n\r\n+last\r\n-ERR no\r\n"))
		}
	}()
	c, err := Dial(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Skip(5); err != nil {
		t.Fatal(err)
	}
	if line, err := c.line(); err != nil || string(line) != "+last" {
		t.Fatalf("%q, %v", line, err)
	}
	if err := c.Skip(1); err != Error("ERR no") {
		t.Fatalf("%v", err)
	}
}
