from stage import USER, Stage, need

MANY = 300

with Stage() as stage:
    stage.up("-v")
    stage.send("".join(f"<message type='chat' from='u@stranger{i}.test' to='{USER}' id='m{i}'><body>x</body></message>" for i in range(MANY)))
    stage.until(f"<message[^>]* id='m{MANY - 1}'".replace("'", "['\"]").encode())
    stage.end()
    lines = stage.process.stderr.read()
    stage.process.wait()
    for kind, wanted in (("gateway message", MANY), ("lines-dropped", 0)):
        got = lines.count(kind)
        need(got == wanted, f"{got} lines of {kind}, not {wanted}: {lines[-2000:]}")
    need("xmpp refused peer=many" in lines, f"those behind the first ones are told as a number: {lines[-2000:]}")
