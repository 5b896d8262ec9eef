// Package events holds the JSON Schemas of facts and of partners' webhooks, as
// they are published. One that has been published is never edited: what changes
// is a new version.
package events

import "embed"

// Schemas are the files TYPE.vN.schema.json, and webhook.TYPE.vN.schema.json
// for what partners post.
//
//go:embed *.schema.json
var Schemas embed.FS
