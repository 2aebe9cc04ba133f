package main

import (
	"errors"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
)

const mostPages = 12 // from authorization to the callback; more means that we go in a circle

var (
	formPattern  = regexp.MustCompile(`(?is)<form\b([^>]*)>(.*?)</form>`)
	inputPattern = regexp.MustCompile(`(?is)<(input|button)\b([^>]*)>`)
	linkPattern  = regexp.MustCompile(`(?is)<a\b([^>]*data-testid="passkey-skip"[^>]*)>`)
	wordPattern  = regexp.MustCompile(`(?s)([a-zA-Z][a-zA-Z0-9:-]*)(?:\s*=\s*"([^"]*)"|\s*=\s*'([^']*)'|\s*=\s*([^\s"'>]+))?`)
)

// formsToFill are the pages between a person and her application, by the hook of their form.
var formsToFill = []string{"signin-form", "join-form", "consent-form", "passkey-skip"}

// signIn goes from authorization to the callback as a browser without a session does: redirects, cookies, forms.
func signIn(w *worker) error {
	cookies := map[string]string{}
	request, signedInAt := w.request(), ""
	for page := 0; page < mostPages; page++ {
		got, err := w.send(withCookies(request, cookies).encode(w.job.Host))
		if err != nil {
			return err
		}
		remember(cookies, headersOf(got.head, "set-cookie"))
		location := headerOf(got.head, "location")
		if code := w.codeIn(location); code != "" {
			w.values, w.cookies = append(w.values, code), cookieHeader(cookies)
			return nil
		}
		switch {
		case location != "" && w.inside(location):
			request = Request{Method: "GET", Path: pathOf(location), Headers: w.request().Headers}
		case got.status == 200:
			body := string(got.body)
			if strings.Contains(body, `role="alert"`) && signedInAt != "" {
				return fmt.Errorf("refused at %s", signedInAt)
			}
			signedInAt = request.Path
			if request, err = w.submit(request, body); err != nil {
				return err
			}
		default:
			return unexpected(got)
		}
	}
	return errors.New("no callback after many pages")
}

// submit fills the page's form with what the person types and presses its first button.
func (w *worker) submit(page Request, body string) (Request, error) {
	for _, hook := range formsToFill {
		for _, form := range formPattern.FindAllStringSubmatch(body, -1) {
			attributes := attributesOf(form[1])
			if attributes["data-testid"] != hook {
				continue
			}
			action := page.Path
			if target := attributes["action"]; target != "" {
				action = resolve(page.Path, target)
			}
			return w.post(action, w.filledIn(form[2])), nil
		}
	}
	if link := linkPattern.FindStringSubmatch(body); link != nil {
		target := resolve(page.Path, attributesOf(link[1])["href"])
		return Request{Method: "GET", Path: target, Headers: w.request().Headers}, nil
	}
	return Request{}, fmt.Errorf("a page without a known form at %s: %.300s", page.Path, body)
}

func (w *worker) post(path string, values url.Values) Request {
	headers := map[string]string{
		"Content-Type": "application/x-www-form-urlencoded",
		"Origin":       "http://" + w.job.Host,
	}
	for name, value := range w.request().Headers {
		headers[name] = value
	}
	return Request{Method: "POST", Path: path, Headers: headers, Body: values.Encode()}
}

// filledIn is the form as a browser submits it: every field, and of the buttons the first.
func (w *worker) filledIn(form string) url.Values {
	values, pressed := url.Values{}, false
	typed := w.job.Fields[w.index%len(w.job.Fields)]
	for _, element := range inputPattern.FindAllStringSubmatch(form, -1) {
		attributes := attributesOf(element[2])
		name, kind := attributes["name"], strings.ToLower(attributes["type"])
		if strings.EqualFold(element[1], "button") && kind == "" {
			kind = "submit"
		}
		_, checked := attributes["checked"]
		switch {
		case kind == "submit" && !pressed:
			pressed = true
		case kind == "submit" || kind == "button" || kind == "reset" || kind == "image":
			continue
		case (kind == "checkbox" || kind == "radio") && !checked:
			continue
		}
		if name == "" {
			continue
		}
		if value, ok := typed[name]; ok {
			values.Set(name, value)
		} else {
			values.Add(name, attributes["value"])
		}
	}
	return values
}

func attributesOf(tag string) map[string]string {
	attributes := map[string]string{}
	for _, word := range wordPattern.FindAllStringSubmatch(tag, -1) {
		attributes[strings.ToLower(word[1])] = html.UnescapeString(word[2] + word[3] + word[4])
	}
	return attributes
}

func resolve(path, target string) string {
	base, err := url.Parse(path)
	if err != nil {
		return target
	}
	next, err := base.Parse(target)
	if err != nil {
		return target
	}
	return next.RequestURI()
}

func remember(cookies map[string]string, set []string) {
	for _, cookie := range set {
		pair, rest, _ := strings.Cut(cookie, ";")
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if value == "" || strings.Contains(strings.ToLower(rest), "max-age=0") {
			delete(cookies, name)
		} else {
			cookies[name] = value
		}
	}
}

func cookieHeader(cookies map[string]string) string {
	pairs := make([]string, 0, len(cookies))
	for name, value := range cookies {
		pairs = append(pairs, name+"="+value)
	}
	return strings.Join(pairs, "; ")
}

func withCookies(request Request, cookies map[string]string) Request {
	if len(cookies) == 0 {
		return request
	}
	headers := map[string]string{"Cookie": cookieHeader(cookies)}
	for name, value := range request.Headers {
		headers[name] = value
	}
	request.Headers = headers
	return request
}
