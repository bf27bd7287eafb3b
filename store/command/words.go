package command

// Words of the effects that handlers log in place of their command.
var (
	wordDel       = []byte("DEL")
	wordSet       = []byte("SET")
	wordKeepTTL   = []byte("KEEPTTL")
	wordPXAT      = []byte("PXAT")
	wordPexpireat = []byte("PEXPIREAT")
	wordPersist   = []byte("PERSIST")
)
