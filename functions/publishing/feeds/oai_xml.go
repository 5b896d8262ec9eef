package feeds

import (
	"encoding/xml"
	"time"
)

// Names that the answers stand in.
const (
	oaiNamespace = "http://www.openarchives.org/OAI/2.0/"
	dcNamespace  = "http://www.openarchives.org/OAI/2.0/oai_dc/"
	xsiNamespace = "http://www.w3.org/2001/XMLSchema-instance"
	dcPrefix     = "oai_dc"
)

type oaiPMH struct {
	XMLName     xml.Name        `xml:"OAI-PMH"`
	Namespace   string          `xml:"xmlns,attr"`
	XSI         string          `xml:"xmlns:xsi,attr"`
	Location    string          `xml:"xsi:schemaLocation,attr"`
	Date        string          `xml:"responseDate"`
	Request     oaiRequest      `xml:"request"`
	Errors      []problem       `xml:"error"`
	Identify    *oaiIdentify    `xml:"Identify"`
	Formats     *oaiFormats     `xml:"ListMetadataFormats"`
	Sets        *oaiSets        `xml:"ListSets"`
	Record      *oaiGetRecord   `xml:"GetRecord"`
	Identifiers *oaiIdentifiers `xml:"ListIdentifiers"`
	Records     *oaiRecords     `xml:"ListRecords"`
}

type oaiRequest struct {
	BaseURL    string `xml:",chardata"`
	Verb       string `xml:"verb,attr,omitempty"`
	Identifier string `xml:"identifier,attr,omitempty"`
	Prefix     string `xml:"metadataPrefix,attr,omitempty"`
	From       string `xml:"from,attr,omitempty"`
	Until      string `xml:"until,attr,omitempty"`
	Set        string `xml:"set,attr,omitempty"`
	Token      string `xml:"resumptionToken,attr,omitempty"`
}

// problem is an error as the protocol has them.
type problem struct {
	Code string `xml:"code,attr"`
	Text string `xml:",chardata"`
}

type oaiIdentify struct {
	Name        string `xml:"repositoryName"`
	BaseURL     string `xml:"baseURL"`
	Version     string `xml:"protocolVersion"`
	Email       string `xml:"adminEmail"`
	Earliest    string `xml:"earliestDatestamp"`
	Deleted     string `xml:"deletedRecord"`
	Granularity string `xml:"granularity"`
}

type oaiFormats struct {
	Format oaiFormat `xml:"metadataFormat"`
}

type oaiFormat struct {
	Prefix    string `xml:"metadataPrefix"`
	Schema    string `xml:"schema"`
	Namespace string `xml:"metadataNamespace"`
}

type oaiSets struct {
	Sets []oaiSet `xml:"set"`
}

type oaiSet struct {
	Spec string `xml:"setSpec"`
	Name string `xml:"setName"`
}

type oaiGetRecord struct {
	Record oaiRecord `xml:"record"`
}

type oaiIdentifiers struct {
	Headers []oaiHeader `xml:"header"`
	Token   *oaiToken   `xml:"resumptionToken"`
}

type oaiRecords struct {
	Records []oaiRecord `xml:"record"`
	Token   *oaiToken   `xml:"resumptionToken"`
}

type oaiToken struct {
	Cursor int    `xml:"cursor,attr"`
	Token  string `xml:",chardata"`
}

type oaiRecord struct {
	Header oaiHeader   `xml:"header"`
	DC     *dublinCore `xml:"metadata>oai_dc:dc"`
}

type oaiHeader struct {
	Status     string   `xml:"status,attr,omitempty"`
	Identifier string   `xml:"identifier"`
	Changed    string   `xml:"datestamp"`
	Sets       []string `xml:"setSpec"`
}

type dublinCore struct {
	OAI         string   `xml:"xmlns:oai_dc,attr"`
	DC          string   `xml:"xmlns:dc,attr"`
	Location    string   `xml:"xsi:schemaLocation,attr"`
	Title       string   `xml:"dc:title"`
	Creators    []string `xml:"dc:creator"`
	Subjects    []string `xml:"dc:subject"`
	Description string   `xml:"dc:description,omitempty"`
	Publisher   string   `xml:"dc:publisher,omitempty"`
	Date        string   `xml:"dc:date"`
	Type        string   `xml:"dc:type,omitempty"`
	Format      string   `xml:"dc:format"`
	Identifier  string   `xml:"dc:identifier"`
	Language    string   `xml:"dc:language,omitempty"`
	Coverage    []string `xml:"dc:coverage"`
	Rights      string   `xml:"dc:rights,omitempty"`
}

func header(record Record) oaiHeader {
	h := oaiHeader{Identifier: record.Identifier, Changed: instant(record.Changed), Sets: record.Sets}
	if record.Deleted {
		h.Status = "deleted"
	}
	return h
}

func (o *Repository) record(record Record) oaiRecord {
	written := oaiRecord{Header: header(record)}
	if record.Deleted {
		return written
	}
	entry := record.Entry
	written.DC = &dublinCore{
		OAI: dcNamespace, DC: "http://purl.org/dc/elements/1.1/", Location: dcNamespace + " http://www.openarchives.org/OAI/2.0/oai_dc.xsd",
		Title: entry.Title, Creators: entry.Authors, Description: entry.Summary, Publisher: o.Publisher,
		Date: entry.Published.Format(time.DateOnly), Type: record.Type, Format: "text/html",
		Identifier: entry.URL, Language: entry.Language, Coverage: record.Coverage, Rights: entry.Licence,
	}
	if entry.Audio != nil {
		written.DC.Format = entry.Audio.MIME
	}
	for _, category := range entry.Categories {
		written.DC.Subjects = append(written.DC.Subjects, category.Label)
	}
	return written
}
