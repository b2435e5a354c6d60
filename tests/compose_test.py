"""Holds compose.yaml against what it must say: loopback only, no Docker socket, no secrets, versions, health checks.

Reads files only; tests/compose/run starts it. `.ci/run` installs what this needs.
"""

import json
import pathlib
import re
import tomllib
import unittest

import yaml

ROOT = pathlib.Path(__file__).parent.parent


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


SERVICES = yaml.safe_load(read("compose.yaml"))["services"]
DOCKERFILE = read("compose/Dockerfile")
SUPERSET_DOCKERFILE = read("superset/Dockerfile")
NOTEBOOK_DOCKERFILE = read("notebooks/Dockerfile")


class Tagless(yaml.SafeLoader):
    """Reads CloudFormation's tags as nothing."""


Tagless.add_multi_constructor("!", lambda loader, tag, node: None)


def values(node):
    """Every text in it."""
    match node:
        case dict():
            return [text for each in node.values() for text in values(each)]
        case list():
            return [text for each in node for text in values(each)]
        case _:
            return [str(node)]


class Compose(unittest.TestCase):
    def test_ports_are_published_on_loopback_only(self):
        ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
        self.assertTrue(ports)
        for port in ports:
            self.assertRegex(port, r"^127\.0\.0\.1:[^:]+(:-\d+\})?:\d+$")
        self.assertFalse([name for name, service in SERVICES.items() if "network_mode" in service])

    def test_no_container_gets_at_docker(self):
        for name, service in SERVICES.items():
            self.assertNotIn("docker.sock", "".join(values(service)), name)
            self.assertFalse({"privileged", "cap_add", "pid", "ipc"} & set(service), name)

    def test_superset_and_the_notebook_cannot_reach_localstack_whose_port_gives_the_owners_url(self):
        networks = {name: set(service.get("networks", ["default"])) for name, service in SERVICES.items()}
        beside = {name for name, its in networks.items() if its & (networks["localstack"] | networks["live"])}
        self.assertEqual(beside, {"localstack", "live", "simulator", "postgres", "roles", "passwords", "mail", "page"})
        self.assertTrue(networks["simulator"] & networks["localstack"] & networks["postgres"] & networks["live"])
        self.assertTrue(networks["superset"] & networks["notebook"] & networks["postgres"])

    def test_every_image_has_a_version(self):
        images = {service["image"] for service in SERVICES.values() if "image" in service}
        for dockerfile in (DOCKERFILE, NOTEBOOK_DOCKERFILE, SUPERSET_DOCKERFILE):
            stages = set(re.findall(r"^FROM \S+ AS (\S+)", dockerfile, re.M))
            images |= set(re.findall(r"^FROM (\S+)", dockerfile, re.M)) - stages
        for image in images:
            self.assertRegex(image, r"^[a-z/.-]+:(v?\d[\w.-]*|bookworm-slim)$")
        # The test replaces every one of them.
        self.assertEqual(images - set(re.findall(r'"(\S+:\S+)"', read("tests/compose/run"))), set())

    def test_no_secret_is_written_down(self):
        for name, service in SERVICES.items():
            for setting, value in service.get("environment", {}).items():
                if re.search("PASSWORD|SECRET|TOKEN|KEY|DATABASE_URL|METADATA_URI", setting):
                    self.assertRegex(setting, "_FILE$", name)
                    self.assertRegex(value, "^/run/passwords/", name)
            self.assertNotRegex("\n".join(values(service)), r"://[^/\s]*:[^/\s]*@", name)

    def test_every_service_tells_its_health_or_ends_by_itself(self):
        conditions = {(needed, how["condition"]) for service in SERVICES.values()
                      for needed, how in service.get("depends_on", {}).items()}
        for name, service in SERVICES.items():
            if "healthcheck" in service:
                self.assertNotIn((name, "service_completed_successfully"), conditions)
            else:
                self.assertIn((name, "service_completed_successfully"), conditions)
        self.assertNotIn("service_started", {condition for _, condition in conditions})

    def test_only_the_profile_live_asks_the_real_portal_and_only_with_permission(self):
        real = {name for name, service in SERVICES.items() if "sreality.cz" in "".join(values(service))}
        self.assertEqual(real, {"live"})
        live = SERVICES["live"]
        self.assertEqual(live["profiles"], ["live"])
        self.assertEqual(live["entrypoint"][0], "/cenovka/compose/with-permission")
        for setting in ("CENOVKA_PORTAL_PERMISSION", "CENOVKA_CONTACT"):
            self.assertEqual(live["environment"][setting], f"${{{setting}:-}}")
        self.assertNotEqual(live["environment"]["CENOVKA_DATABASE"],
                            SERVICES["localstack"]["environment"]["CENOVKA_DATABASE"])

    def test_the_sample_watches_mail_to_the_mail_catcher_and_to_nobody_else(self):
        sample = tomllib.loads(read("compose/watches.toml"))
        self.assertEqual({channel["kind"] for channel in sample["channels"].values()}, {"mail"})
        self.assertEqual({name for watch in sample["watch"] for name in watch["channels"]}, set(sample["channels"]))
        # example.org belongs to nobody, if ever a mail gets out.
        self.assertTrue(all(channel["to"].endswith("@example.org") for channel in sample["channels"].values()))
        [servers] = re.findall(r"CENOVKA_CHANNEL_SECRETS:-'(.+)'\}", read("compose/with-passwords"))
        self.assertEqual(set(json.loads(servers)), set(sample["channels"]))
        for server in json.loads(servers).values():
            self.assertIn(server.removeprefix("smtp://").split(":")[0], SERVICES)
        for service in ("localstack", "live"):
            self.assertEqual(SERVICES[service]["environment"]["CENOVKA_WATCHES"], "${CENOVKA_WATCHES:-off}")
            self.assertEqual(SERVICES[service]["environment"]["CENOVKA_WATCHES_FILE"], "/cenovka/compose/watches.toml")
        self.assertRegex(DOCKERFILE, r"COPY .*compose/watches\.toml .*/cenovka/compose/\n")
        self.assertIn("!compose/watches.toml", read(".dockerignore").splitlines())

    def test_the_page_comes_from_localstacks_bucket_and_nothing_else_of_it_does(self):
        page = SERVICES["page"]
        self.assertEqual(page["profiles"], ["lake"])
        self.assertEqual(page["volumes"], ["./compose/page.conf:/etc/nginx/conf.d/default.conf:ro"])
        for service in ("localstack", "live"):
            settings = SERVICES[service]["environment"]
            self.assertEqual((settings["CENOVKA_LAKE"], settings["CENOVKA_PAGE"]), ("${CENOVKA_LAKE:-off}",) * 2)
        server = read("compose/page.conf")
        prefix = yaml.load(read("template.yaml"), Loader=Tagless)["Parameters"]["PageBucketPrefix"]["Default"]
        self.assertEqual(re.findall(r"set \$bucket (\S+);", server),
                         [f"http://localstack:4566/{prefix}-000000000000-eu-central-1"])
        # Neither what a name could hold, nor a query, becomes part of a request that S3 would take for another one.
        self.assertEqual(re.findall(r"location ~ (\S+) \{\s+limit_except GET \{\s+deny all;\s+\}\s+proxy_pass (\S+);", server),
                         [("^/[A-Za-z0-9/._-]+$", "$bucket$uri")])
        self.assertEqual(server.count("proxy_pass "), 1)

    def test_functions_run_as_without_docker(self):
        without_docker = dict(re.findall(r'"([A-Z_]+)": "([^"{]*)"', read("localstack/run")))
        ours = SERVICES["localstack"]["environment"]
        # Where to listen, and what is logged to the terminal.
        for setting in set(ours) & set(without_docker) - {"LS_LOG"}:
            self.assertEqual(ours[setting], without_docker[setting], setting)
        self.assertEqual(ours["LAMBDA_RUNTIME_EXECUTOR"], "process")
        plugins = re.findall("/localstack/[a-z]+", ours["PYTHONPATH"])
        self.assertEqual(plugins, ["/localstack/executor", "/localstack/objects"])

    def test_raw_objects_are_kept_in_a_volume_of_each_localstack_and_without_docker(self):
        entry_points = read("localstack/objects/kept_objects.dist-info/entry_points.txt")
        [provider] = re.findall(r"^s3:(\w+) = ", entry_points, re.M)
        self.assertIn(f'"PROVIDER_OVERRIDE_S3": "{provider}"', read("localstack/run"))
        for service, volume in (("localstack", "objects"), ("live", "live-objects")):
            settings = SERVICES[service]["environment"]
            self.assertEqual(settings["PROVIDER_OVERRIDE_S3"], provider)
            folder = settings["CENOVKA_OBJECTS"]
            self.assertIn(f"{volume}:{folder}", SERVICES[service]["volumes"])
            self.assertIn(volume, yaml.safe_load(read("compose.yaml"))["volumes"])
            mounting = {name for name, its in SERVICES.items()
                        if any(mounted.startswith(f"{volume}:") for mounted in its.get("volumes", []))}
            self.assertEqual(mounting, {service})


class Superset(unittest.TestCase):
    def test_superset_and_its_driver_are_those_of_its_requirements(self):
        requirements = dict(re.findall(r"^([\w-]+)==(\S+)$", read("superset/requirements.txt"), re.M))
        self.assertIn(f"FROM apache/superset:{requirements['apache_superset']}\n", SUPERSET_DOCKERFILE)
        [pattern] = re.findall(r"uv pip install .+\"\$\(grep '(.+)' requirements.txt\)\"", SUPERSET_DOCKERFILE)
        [driver] = re.findall(f"{pattern}.+", read("superset/requirements.txt"), re.M)
        self.assertEqual(driver, f"psycopg2-binary=={requirements['psycopg2-binary']}")

    def test_it_does_not_run_as_root(self):
        users = re.findall(r"^USER (\S+)$", SUPERSET_DOCKERFILE, re.M)
        self.assertEqual(users[-1], "superset")
        self.assertNotIn("user", SERVICES["superset"])

    def test_its_image_has_what_it_starts_with_and_no_tests(self):
        copied = set(" ".join(re.findall(r"^COPY --\S+ (.+) \S+$", SUPERSET_DOCKERFILE, re.M)).split())
        its = {"assets", "requirements.txt", "start.py", "superset_config.py"}
        self.assertEqual(copied, {f"superset/{name}" for name in its} | {"compose/with-superset-passwords"})
        self.assertTrue(all((ROOT / path).exists() for path in copied))
        self.assertIn("superset/test", read(".dockerignore").splitlines())

    def test_it_and_the_notebook_are_an_analyst_whose_password_they_read_by_groups_of_their_own(self):
        group_of = {user: group for group, user in re.findall(r"^chgrp (\d+) (.+)$", read("compose/make-passwords"), re.M)}
        self.assertEqual(set(group_of), {"analyst", "superset"})
        groups = {name: set(service["group_add"]) for name, service in SERVICES.items() if "group_add" in service}
        self.assertEqual(groups, {"superset": set(group_of.values()), "notebook": {group_of["analyst"]}})
        for name, entrypoint in (("superset", "with-superset-passwords"), ("notebook", "with-notebook-password")):
            self.assertEqual(SERVICES[name]["environment"]["PGUSER"], "analyst")
            self.assertEqual(SERVICES[name]["environment"]["PGDATABASE"], "${CENOVKA_DASHBOARD_DATABASE:-cenovka}")
            self.assertEqual(SERVICES[name]["entrypoint"][0], f"/cenovka/{entrypoint}")

    def test_only_the_service_roles_is_a_superuser_of_postgres(self):
        mounting = {name for name, service in SERVICES.items()
                    if any(volume.startswith("socket:") for volume in service.get("volumes", []))}
        self.assertEqual(mounting, {"postgres", "roles"})

    def test_nothing_calls_home(self):
        self.assertIn("SCARF_ANALYTICS=false", SUPERSET_DOCKERFILE)


class Build(unittest.TestCase):
    def test_every_crate_of_the_workspace_is_there_to_build(self):
        allowed = [line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")]
        for member in tomllib.loads(read("Cargo.toml"))["workspace"]["members"]:
            self.assertTrue(any(member == path or member.startswith(f"{path}/") for path in allowed), member)
        copied = " ".join(re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.M)).split()
        for member in tomllib.loads(read("Cargo.toml"))["workspace"]["members"]:
            self.assertIn(member.split("/")[0], copied)
        for source in copied:
            self.assertTrue((ROOT / source).exists(), source)
        # What the publisher brings along.
        self.assertIn("site", copied)
        self.assertIn("site", allowed)

    def test_the_compiler_is_the_oldest_that_is_supported(self):
        version = tomllib.loads(read("Cargo.toml"))["workspace"]["package"]["rust-version"]
        self.assertIn(f"FROM rust:{version}-", DOCKERFILE)

    def test_localstack_is_the_version_that_is_documented(self):
        [version] = re.findall(r"FROM localstack/localstack:(\S+) AS", DOCKERFILE)
        self.assertIn(f"localstack/localstack:{version}", read("localstack/README.md"))
        self.assertIn(f"localstack-core=={version}", read("tests/compose/stand-ins/localstack-requirements.txt"))


if __name__ == "__main__":
    unittest.main()
