package messengertest

// Proof returns the proof of a token.
func (g *Graph) Proof(token string) string { return g.proof(token) }

// MediaURL keeps a file as a customer's and returns its URL.
func (g *Graph) MediaURL(mime string, data []byte) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.newMedium(mime, data)
}

// Escape writes JSON as Meta does.
var Escape = escape
