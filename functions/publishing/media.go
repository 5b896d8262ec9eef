package publishing

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/storage"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// mediaPath begins the address of every file.
const mediaPath = "/media/"

const (
	megabyte   = 1 << 20
	uploadFor  = time.Hour        // a recording of 200 MB takes that on a slow line
	addressFor = 6 * time.Hour    // listeners pause, then ask for the next part
	awaitedFor = 24 * time.Hour   // then the record of a file that never came goes
	redirected = 10 * time.Minute // that browsers may remember where a file was
)

// mediaType is a type of file that the team may send.
type mediaType struct {
	family    string // "audio", "image" or "document"
	extension string
	most      int64
	looksLike func(first []byte) bool
}

// mediaTypes are all of them. What runs in a browser, as SVG and HTML do, is none.
var mediaTypes = map[string]mediaType{
	"application/pdf": {"document", ".pdf", 50 * megabyte, isPDF},
	"audio/mpeg":      {"audio", ".mp3", 200 * megabyte, isMP3},
	"audio/mp4":       {"audio", ".m4a", 200 * megabyte, isM4A},
	"audio/ogg":       {"audio", ".ogg", 200 * megabyte, isOgg},
	"audio/wav":       {"audio", ".wav", 200 * megabyte, isWAV},
	"image/jpeg":      {"image", ".jpg", 10 * megabyte, isJPEG},
	"image/png":       {"image", ".png", 10 * megabyte, isPNG},
	"image/webp":      {"image", ".webp", 10 * megabyte, isWebP},
}

// mediaInput announces a file.
type mediaInput struct {
	Name string `json:"name" maxLength:"120" doc:"Of the file; it ends its address"`
	Type string `json:"type" enum:"application/pdf,audio/mpeg,audio/mp4,audio/ogg,audio/wav,image/jpeg,image/png,image/webp"`
}

// media is a file as the team sees it.
type media struct {
	ID     string        `json:"media_id"`
	Status string        `json:"status" enum:"awaited,ready,refused"`
	Type   string        `json:"type"`
	Bytes  int64         `json:"bytes,omitempty"`
	URL    string        `json:"url,omitempty" doc:"Once it is ready"`
	Most   int64         `json:"max_bytes,omitempty" doc:"While it is awaited"`
	Form   *storage.Form `json:"form,omitempty" doc:"To post with the file, last, under the name file; good for an hour"`
}

func (i mediaItem) view() media {
	view := media{ID: i.ID, Status: i.State, Type: i.Type, Bytes: i.Bytes}
	switch i.State {
	case ready:
		view.URL = mediaURL(i)
	case awaited:
		view.Most = mediaTypes[i.Type].most
	}
	return view
}

func mediaURL(i mediaItem) string { return mediaPath + i.ID + "/" + i.Name }

// A file comes under one key, which the form that sends it may write for an
// hour, and is served from another, to which only what was checked is copied.
// What is left under the first is removed by the bucket (infra/aws).
func incomingKey(id string) string { return "incoming/" + id }
func servedKey(id string) string   { return "files/" + id }

var (
	errNoMedia = fault.New(fault.NotFound, "unknown-media", "Ce fichier n’existe pas.")
	errNotCome = fault.New(fault.Conflict, "media-awaited", "Le fichier n’est pas encore arrivé : envoyez-le, puis recommencez.")
	errRefused = fault.New(fault.Invalid, "media-refused", "Le contenu du fichier n’est pas du type annoncé : il a été supprimé.")
)

func (s *service) postMedia(w http.ResponseWriter, r *http.Request) error {
	var in mediaInput
	var faults fault.Fields
	if _, err := web.Decode(r, &in, &faults); err != nil {
		return err
	}
	view, err := s.announce(r.Context(), in, "", &faults)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/media/"+view.ID)
	return web.JSON(w, http.StatusCreated, view)
}

// announce makes the record of a file that will come, and the signed form that
// sends it. then is where a browser goes afterwards, before the id.
func (s *service) announce(ctx context.Context, in mediaInput, then string, faults *fault.Fields) (media, error) {
	kind, known := mediaTypes[in.Type]
	if !known {
		faults.Add("type", "Choisissez un PDF, un enregistrement (MP3, M4A, Ogg, WAV) ou une image (JPEG, PNG, WebP).")
	}
	stem := alliance.Slug(strings.TrimSuffix(path.Base(in.Name), path.Ext(in.Name)))
	if stem == "" || runes(in.Name) > maxName {
		faults.Add("name", "Saisissez un nom de fichier, de 120 caractères au plus.")
	}
	if err := faults.Err(); err != nil {
		return media{}, err
	}
	member, _ := auth.MemberOf(ctx)
	now := s.now().UTC()
	item := mediaItem{ID: s.newID("med"), Name: stem + kind.extension, Type: in.Type, State: awaited, Who: member.Subject, CreatedAt: now,
		ExpiresAt: now.Add(awaitedFor).Unix()}
	item.Key = mediaKey(item.ID)
	item.Files, item.FilesAt = allFiles, now.Format(instant)+"#"+item.ID
	form, err := s.sending(ctx, item, then)
	if err != nil {
		return media{}, err
	}
	var writes dynamo.Writes
	writes.Add(s.table.Put(item, dynamo.Absent))
	writes.Add(s.audit.Entry(ctx, "media.announced", item.ID, nil, map[string]string{"type": item.Type}))
	if err := writes.Commit(ctx, s.table.Client); err != nil {
		return media{}, err
	}
	view := item.view()
	view.Form = &form
	return view, nil
}

// sending is the signed form that sends a file, for the next hour. then is
// where a browser goes afterwards, before the id; empty to stay.
func (s *service) sending(ctx context.Context, item mediaItem, then string) (storage.Form, error) {
	upload := storage.Upload{Key: incomingKey(item.ID), Type: item.Type, Most: mediaTypes[item.Type].most, For: uploadFor}
	if then != "" {
		upload.Then = then + item.ID
	}
	return s.bucket.PresignPost(ctx, upload)
}

func (s *service) postMediaComplete(w http.ResponseWriter, r *http.Request) error {
	item, err := s.complete(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, item.view())
}

// sniffed is how much of a file is read to see what it is.
const sniffed = 16 << 10

// complete checks by its content a file that has come: from then on it is
// served. One that lies about its type is deleted: the fault "media-refused".
// What came is deleted last, so that whatever breaks off can be tried again.
func (s *service) complete(ctx context.Context, id string) (item mediaItem, err error) {
	found, err := s.table.Get(ctx, mediaKey(id), &item)
	switch {
	case err != nil:
		return item, err
	case !found:
		return item, errNoMedia
	case item.State != awaited:
		return item, s.tidy(ctx, item)
	}
	first, object, err := s.bucket.Beginning(ctx, incomingKey(id), sniffed)
	kind, state := mediaTypes[item.Type], refused
	if err == nil && object.Length <= kind.most && kind.looksLike(first) {
		state = ready
		err = s.bucket.Copy(ctx, object, servedKey(id))
	}
	if errors.Is(err, storage.ErrNone) { // it has not come, or came anew since it was read
		return item, errNotCome
	}
	if err != nil {
		return item, err
	}
	settled, err := s.settle(ctx, item, state, object.Length)
	if err != nil {
		return item, err
	}
	return settled, s.tidy(ctx, settled)
}

// settle stores what became of a file; what another call stored first stands.
func (s *service) settle(ctx context.Context, item mediaItem, state string, length int64) (mediaItem, error) {
	update := expression.Set(expression.Name("state"), expression.Value(state)).Set(expression.Name("bytes"), expression.Value(length)).
		Remove(expression.Name("expires_at"))
	var writes dynamo.Writes
	writes.Add(s.table.Update(item.Key, update, expression.Name("state").Equal(expression.Value(awaited))))
	writes.Add(s.audit.Entry(ctx, "media."+state, item.ID, map[string]string{"status": awaited}, map[string]string{"status": state}))
	err := writes.Commit(ctx, s.table.Client)
	var first *dynamo.Refused
	if errors.As(err, &first) {
		var stands mediaItem
		found, err := first.Old(0, &stands)
		if err == nil && !found { // it expired at this moment
			stands, err = item, errNoMedia
		}
		return stands, err
	}
	item.State, item.Bytes = state, length
	return item, err
}

// tidy deletes what is no longer wanted of a file that was checked, and is
// repeated with the check. What came goes by itself after some days, so that it
// is left is no fault; a copy of what was refused stays for ever otherwise. It
// returns the fault "media-refused" for one that was.
func (s *service) tidy(ctx context.Context, item mediaItem) error {
	if err := s.bucket.Delete(ctx, incomingKey(item.ID)); err != nil {
		s.log.WarnContext(ctx, "what came is deleted later", "media_id", item.ID, "error", err)
	}
	if item.State != refused {
		return nil
	}
	if err := s.bucket.Delete(ctx, servedKey(item.ID)); err != nil {
		return err
	}
	return errRefused
}

// getMedia sends readers to where a file is for a while, so that its own
// address never changes and the bucket stays private (docs/adr/0021-files.md).
func (s *service) getMedia(w http.ResponseWriter, r *http.Request) error {
	var item mediaItem
	found, err := s.table.Get(r.Context(), mediaKey(r.PathValue("id")), &item)
	if err != nil {
		return err
	}
	if !found || item.State != ready || r.PathValue("name") != item.Name {
		return errNoMedia
	}
	address, err := s.bucket.PresignGet(r.Context(), storage.Seen{
		Key: servedKey(item.ID), Type: item.Type, Name: item.Name, For: addressFor,
	})
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(redirected.Seconds())))
	http.Redirect(w, r, address, http.StatusFound) //nolint:gosec // a signed address of our own bucket
	return nil
}
