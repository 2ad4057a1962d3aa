// Checks a log of ours with the code of Go's checksum database (golang.org/x/mod/sumdb), which knows nothing of us.
// Reads a JSON question on stdin, prints a JSON answer, fails with one line for the first thing that does not hold.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type question struct {
	Key, Witness, Folder, Receipt string
	Leaf                          []byte
	OldSize                       int64  `json:"old_size"`
	OldRoot                       []byte `json:"old_root"`
	Path                          [][]byte
	Prove                         []int64
}

type answer struct {
	Size        int64
	Entries     int64
	Inclusion   map[string][]tlog.Hash
	Consistency []tlog.Hash
}

func must(err error, what string) {
	if err != nil {
		fail(what + ": " + err.Error())
	}
}

func fail(what string) {
	fmt.Fprintln(os.Stderr, what)
	os.Exit(1)
}

func hashes(raw [][]byte) []tlog.Hash {
	found := make([]tlog.Hash, len(raw))
	for i, each := range raw {
		if copy(found[i][:], each) != 32 || len(each) != 32 {
			fail("a hash has 32 bytes")
		}
	}
	return found
}

// A checkpoint: verified by the signed-note code, read by its three lines.
func tree(raw []byte, key string) (tlog.Tree, string) {
	verifier, err := note.NewVerifier(key)
	must(err, "key")
	opened, err := note.Open(raw, note.VerifierList(verifier))
	must(err, "note")
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		fail("checkpoint: not of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err, "size")
	root, err := tlog.ParseHash(lines[2])
	must(err, "root")
	return tlog.Tree{N: size, Hash: root}, opened.Text
}

// c2sp.org/tlog-cosignature, which x/mod is older than: Ed25519 over a line with the time, and the text.
func cosigned(raw []byte, text, key string) {
	parts := strings.SplitN(key, "+", 3)
	public, err := base64.StdEncoding.DecodeString(parts[2])
	must(err, "witness")
	id := sha256.Sum256(append([]byte(parts[0]+"\n"), public...))
	for _, line := range strings.Split(string(raw[len(text):]), "\n") {
		words := strings.Split(line, " ")
		if len(words) != 3 || words[1] != parts[0] {
			continue
		}
		signed, err := base64.StdEncoding.DecodeString(words[2])
		must(err, "cosignature")
		if len(signed) != 4+8+64 || !bytes.Equal(signed[:4], id[:4]) {
			continue
		}
		told := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(signed[4:12]), text)
		if ed25519.Verify(public[1:], []byte(told), signed[12:]) {
			return
		}
	}
	fail("cosignature: the witness did not cosign")
}

type tiles struct{ folder string }

func (t tiles) Height() int                     { return 8 }
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t tiles) ReadTiles(asked []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(asked))
	for i, each := range asked {
		path := strings.Replace(each.Path(), "tile/8/", "tile/", 1) // C2SP leaves the height out
		raw, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		found[i] = raw
	}
	return found, nil
}

// c2sp.org/tlog-tiles: entries, each with its length in two bytes before it.
func entries(folder string, size int64) [][]byte {
	var found [][]byte
	for n := int64(0); n*256 < size; n++ {
		path := strings.Replace(tlog.Tile{H: 8, L: 0, N: n, W: int(min(256, size-n*256))}.Path(), "tile/8/0/", "tile/entries/", 1)
		raw, err := os.ReadFile(filepath.Join(folder, path))
		must(err, "entries")
		for len(raw) > 0 {
			length := int(binary.BigEndian.Uint16(raw))
			found, raw = append(found, raw[2:2+length]), raw[2+length:]
		}
	}
	return found
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}

func receipt(asked question) {
	head, rest, _ := strings.Cut(asked.Receipt, "\n\n")
	lines := strings.Split(head, "\n")
	if len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		fail("receipt: not a tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	must(err, "index")
	var path tlog.RecordProof
	for _, line := range lines[2:] {
		step, err := tlog.ParseHash(line)
		must(err, "step")
		path = append(path, step)
	}
	now, text := tree([]byte(rest), asked.Key)
	cosigned([]byte(rest), text, asked.Witness)
	must(tlog.CheckRecord(path, now.N, now.Hash, index, tlog.RecordHash(asked.Leaf)), "inclusion")
}

func main() {
	var asked question
	must(json.NewDecoder(os.Stdin).Decode(&asked), "question")
	raw, err := os.ReadFile(filepath.Join(asked.Folder, "checkpoint"))
	must(err, "checkpoint")
	now, text := tree(raw, asked.Key)
	cosigned(raw, text, asked.Witness)
	receipt(asked)
	old := tlog.Tree{N: asked.OldSize}
	copy(old.Hash[:], asked.OldRoot)
	must(tlog.CheckTree(hashes(asked.Path), now.N, now.Hash, old.N, old.Hash), "consistency")
	reader := tlog.TileHashReader(now, tiles{asked.Folder})
	whole := entries(asked.Folder, now.N)
	for n, each := range whole {
		found, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(n))})
		must(err, "tile")
		if found[0] != tlog.RecordHash(each) {
			fail(fmt.Sprintf("entry %d is not the one in the tiles", n))
		}
	}
	told := answer{Size: now.N, Entries: int64(len(whole)), Inclusion: map[string][]tlog.Hash{}}
	for _, n := range asked.Prove {
		path, err := tlog.ProveRecord(now.N, n, reader)
		must(err, "proving")
		told.Inclusion[strconv.FormatInt(n, 10)] = path
	}
	told.Consistency, err = tlog.ProveTree(now.N, old.N, reader)
	must(err, "proving")
	must(json.NewEncoder(os.Stdout).Encode(told), "answer")
}
