import json
import shlex
import subprocess

from stage import STOX, need

done = subprocess.run([STOX, "lab", "--test", "--fault", "plain-on-tls-port", "--format", "json"], capture_output=True)
step = next(s for s in json.loads(done.stdout)["diagnosis"]["next"] if ": stox test" in s)
words = list(shlex.shlex(step.split(": ", 1)[1], posix=True, punctuation_chars=True))
need(words[-1].startswith("sip:127.0.0.1:") and words[-1].endswith(";transport=tcp"), f"the URI is one word: {words}")
