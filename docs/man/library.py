#!/usr/bin/env python3
"""library: print hone(3) in mdoc, made from include/hone.h, where every call is described once.

    library.py HEADER VERSION
"""

import re
import sys

SECTION = re.compile(r"/\* ---- (.+?) -+\n?\s*\*/")
COMMENT = re.compile(r"/\*\*?(.*?)\*/", re.S)
CODE = object()  # begins a paragraph of indented lines
SKIPPED = ("#ifndef HONE_H", "#define HONE_H", "#include", "#ifdef __cplusplus", 'extern "C"')


def escape(text):
    """Text that roff prints as it stands."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in ".'" else line for line in text.split("\n"))


def sentences(text):
    """Paragraph text, each sentence on a line of its own."""
    return re.sub(r"(?<=[.:]) +(?=[A-Z])", "\n", escape(text))


def comment_lines(comment):
    """The lines of a comment without their stars."""
    return [re.sub(r"^ \* ?", "", line.rstrip()).rstrip() if line.startswith(" *") else line.strip()
            for line in comment.strip("\n").split("\n")]


def tagged(line):
    """("name", "meaning") of "@param name meaning", "@return ..." and "Cost: ...", or None."""
    match = re.match(r"@param\s+(\w+)\s+(.*)", line)
    if match:
        return match.groups()
    match = (re.match(r"@(return)\s+(.*)", line) or
             re.match(r"(Ownership|Threads|Cost): +(.*)", line))
    return match.groups() if match else None


def put_text(lines):
    """Paragraphs, then the tags as a list."""
    paragraphs, tags = [[]], []
    for line in lines:
        tag = tagged(line.strip())
        if tag:
            tags.append([tag[0], tag[1]])
        elif tags and line.strip():
            tags[-1][1] += " " + line.strip()
        elif not line.strip():
            paragraphs.append([])
        elif line.startswith("    ") and paragraphs[-1][:1] == [CODE]:
            paragraphs[-1].append(line.strip())
        elif line.startswith("    "):
            paragraphs.append([CODE, line.strip()])
        else:
            paragraphs[-1].append(line.strip())
    first = True
    for paragraph in filter(None, paragraphs):
        if not first and paragraph[0] != CODE:
            print(".Pp")
        first = False
        if paragraph[0] == CODE:
            print(".Bd -literal -offset indent\n" + escape("\n".join(paragraph[1:])) + "\n.Ed")
        else:
            print(sentences(" ".join(paragraph)))
    if tags:
        print(".Bl -tag -width Ds")
        for name, text in tags:
            print((f".It Fa {name}\n" if name.islower() and name != "return" else f".It {name}\n")
                  + sentences(text.strip()))
        print(".El")


def put_code(code):
    """Declarations as they are written, without what only a compiler needs."""
    code = re.sub(r"\b(HONE_API|HONE_NODISCARD)\s+", "", code.strip("\n"))
    code = re.sub(r"\n +", lambda m: "\n    " if "(" in code.split("\n")[0] else m.group(), code)
    print(".Bd -literal\n" + escape(code) + "\n.Ed")


def put_statuses(code):
    """The macro that lists the statuses, as a list."""
    print(".Bd -literal\ntypedef enum hone_status hone_status;\n.Ed\n.Bl -tag -width Ds")
    for name, value, text in re.findall(r'X\((\w+), (-?\d+), "(.*)"\)', code):
        print(f".It Dv HONE_{name} Pq {escape(value)}\n{escape(text)}")
    print(".El")


def blocks(text):
    """(comment or None, declarations): what a blank line separates."""
    for block in re.split(r"\n\s*\n", text):
        block = block.strip("\n")
        if not block.strip() or block.lstrip().startswith(SKIPPED) or block.strip() == "}":
            continue
        match = re.match(r"/\*\*?(?! ----)(.*?)\*/\n?", block, re.S)
        yield (match.group(1), block[match.end():]) if match else (None, block)


def main():
    header = open(sys.argv[1], encoding="utf-8").read()
    opening = COMMENT.match(header)
    body = header[opening.end():header.rindex("#ifdef __cplusplus")]
    lines = comment_lines(opening.group(1))
    summary = lines[0].split(": ", 1)[1]
    print(f'.\\" Made from include/hone.h.\n.Dd November 24, 2026\n.Dt HONE 3\n.Os\n.Sh NAME\n'
          f".Nm hone\n.Nd {escape(summary.split('. ')[0].rstrip('.'))}\n"
          f".Sh LIBRARY\nlibhone\n.Pq version {sys.argv[2]}\n"
          ".Sh SYNOPSIS\n.In hone.h\n.Pp\n"
          "cc program.c $(pkg\\-config \\-\\-cflags \\-\\-libs hone)\n"
          ".Sh DESCRIPTION")
    put_text([summary.split(". ", 1)[1]] + lines[1:])
    parts = SECTION.split(body)
    for title, text in [("Statuses and errors", parts[0])] + list(zip(parts[1::2], parts[2::2])):
        print(f".Ss {title}")
        for comment, code in blocks(text):
            if code.startswith("#if") or "#define HONE_STATUS_ENUM" in code:
                continue
            if "#define HONE_STATUS_MAP" in code:
                put_statuses(code)
                continue
            if code.strip():
                put_code(code)
            if comment is not None:
                put_text(comment_lines(comment))
    print(".Sh SEE ALSO\n.Xr hone 1")


if __name__ == "__main__":
    main()
