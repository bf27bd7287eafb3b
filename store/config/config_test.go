package config

import (
	"testing"
)

func TestDefaultsLoad(t *testing.T) {
	c, _, err := Load(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Port != 6379 || !c.Appendonly || len(c.Save) != 0 || c.MaxmemoryPolicy != NoEviction ||
		c.NotifyKeyspaceEvents != 0 || c.HashMaxListpackEntries != 128 && c.HashMaxListpackEntries != 512 {
		t.Fatalf("%+v", c)
	}
}
