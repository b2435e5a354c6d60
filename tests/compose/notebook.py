"""The notebook in compose: it runs from its first cell to its last, as an analyst, behind a token that stays."""

from containers import Compose, must, step


def check(compose: Compose) -> None:
    with step("the notebook is healthy"):
        compose("--profile", "notebook", "up", "--detach", "notebook")
        compose.until_healthy("notebook", 120)
    with step("it wants its token, and reads no password but the analyst's"):
        token = execute(compose, "cat", ".token")
        must(len(token) == 48, "a token was made")
        status = "curl --silent --output /dev/null --write-out %{http_code} http://127.0.0.1:8888/api/contents"
        must(execute(compose, *status.split()) == "403", "without it nobody reads a notebook")
        must(execute(compose, *status.split(), "--header", f"Authorization: token {token}") == "200", "with it one does")
        asked = "for file in /run/passwords/*; do if [ -r $file ]; then basename $file; fi; done"
        must(execute(compose, "sh", "-c", asked).split() == ["analyst"], "it reads one password")
    with step("every cell of market.ipynb runs"):
        # A shell that is told its password, as Jupyter is.
        runs = "/cenovka/with-notebook-password jupyter nbconvert --to notebook --execute --stdout market.ipynb"
        must('"output_type"' in execute(compose, *runs.split()), "its cells have outputs")
    with step("its token outlives it"):
        compose("--profile", "notebook", "rm", "--force", "--stop", "notebook")
        compose("--profile", "notebook", "up", "--detach", "notebook")
        compose.until_healthy("notebook", 120)
        must(execute(compose, "cat", ".token") == token, "the token is the same")


def execute(compose: Compose, *command: str) -> str:
    return compose("--profile", "notebook", "exec", "-T", "notebook", *command).strip()
