package publishing

import "bytes"

// How files begin, by the signatures of the WHATWG's MIME Sniffing Standard
// (https://mimesniff.spec.whatwg.org/) and, for MP3, of two frames in a row.

func isPDF(first []byte) bool  { return bytes.HasPrefix(first, []byte("%PDF-")) }
func isOgg(first []byte) bool  { return bytes.HasPrefix(first, []byte("OggS\x00")) }
func isWAV(first []byte) bool  { return riff(first, "WAVE") }
func isWebP(first []byte) bool { return riff(first, "WEBPVP8") }
func isPNG(first []byte) bool  { return bytes.HasPrefix(first, []byte("\x89PNG\r\n\x1a\n")) }
func isJPEG(first []byte) bool { return bytes.HasPrefix(first, []byte("\xff\xd8\xff")) }

func riff(first []byte, kind string) bool {
	return len(first) > 8+len(kind) && bytes.HasPrefix(first, []byte("RIFF")) && bytes.HasPrefix(first[8:], []byte(kind))
}

// isM4A looks for the brands of audio in an MP4 file (ISO 14496-12, 4.3).
func isM4A(first []byte) bool {
	if len(first) < 12 || string(first[4:8]) != "ftyp" {
		return false
	}
	brand := string(first[8:12])
	return brand == "M4A " || brand == "M4B " || brand == "mp42" || brand == "isom" || brand == "iso2"
}

// isMP3 looks for a tag of ID3, or for two frames, the second where the first
// says that it ends.
func isMP3(first []byte) bool {
	if bytes.HasPrefix(first, []byte("ID3")) {
		return len(first) > 10 && first[3] < 0xff && first[6]|first[7]|first[8]|first[9] < 0x80
	}
	size := frame(first)
	return size > 0 && len(first) > size+4 && frame(first[size:]) > 0
}

// Rates of layer III in kbit/s and Hz, by their index, for MPEG 1 and 2.
var (
	bitRates    = [2][16]int{{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}, {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}}
	sampleRates = [2][4]int{{44100, 48000, 32000}, {22050, 24000, 16000}}
)

// frame is the length of the frame of MPEG audio layer III that begins here,
// 0 when none does (ISO 11172-3, 2.4.1.3).
func frame(b []byte) int {
	if len(b) < 4 || b[0] != 0xff || b[1]&0xe6 != 0xe2 || b[1]&0x18 == 0x08 {
		return 0
	}
	older, samples := 0, 144
	if b[1]&0x18 != 0x18 {
		older, samples = 1, 72
	}
	bits, rate := bitRates[older][b[2]>>4], sampleRates[older][b[2]>>2&3]
	if b[1]&0x18 == 0 { // MPEG 2.5
		rate /= 2
	}
	if bits == 0 || rate == 0 {
		return 0
	}
	return samples*bits*1000/rate + int(b[2]>>1&1)
}
