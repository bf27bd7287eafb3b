package index

import "slices"

// sortSlots orders slots by tag; equal tags keep no order of their own.
func sortSlots(s []uint64) { slices.Sort(s) }
