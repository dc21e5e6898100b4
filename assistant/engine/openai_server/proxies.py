"""The proxy for one host, from environment variables (`HTTPS_PROXY`, `NO_PROXY`, …), which have no standard."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx

Getenv = Callable[[str], str | None]


def proxy_for(url: httpx.URL, getenv: Getenv) -> tuple[str, str | None]:
    """The variable that decides and the proxy's address; no address where the connection is direct."""
    if _is_local(url.host) or _is_exempt(url, _value("NO_PROXY", getenv)[1]):
        return "", None
    names = [f"{url.scheme.upper()}_PROXY", "ALL_PROXY"]
    for variable, proxy in (_value(name, getenv) for name in names):
        if proxy:
            return variable, proxy if "://" in proxy else f"http://{proxy}"
    return "", None


def _value(name: str, getenv: Getenv) -> tuple[str, str]:
    """The variable as it is set, in small letters first, as curl reads it."""
    for spelt in (name.lower(), name):
        if value := (getenv(spelt) or "").strip():
            return spelt, value
    return name, ""


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and (address.is_loopback or address.is_unspecified)


def _is_exempt(url: httpx.URL, listed: str) -> bool:
    """Whether NO_PROXY lists the host: by name, by domain, by address, by network, all with or without a port."""
    return any(
        _matches(url, entry.strip().lower()) for entry in listed.replace(" ", ",").split(",") if entry.strip()
    )


def _matches(url: httpx.URL, entry: str) -> bool:
    if entry == "*":
        return True
    address = _address(url.host)
    if address is not None and "/" in entry:
        try:
            return address in ip_network(entry.strip("[]"), strict=False)
        except ValueError:
            return False
    entry, port = _without_port(entry.split("://")[-1])
    if port and port != str(url.port or {"http": 80, "https": 443}[url.scheme]):
        return False
    if address is not None:
        return address == _address(entry)
    name = entry.removeprefix("*").lstrip(".")
    return bool(name) and (url.host == name or url.host.endswith(f".{name}"))


def _without_port(entry: str) -> tuple[str, str]:
    if _address(entry) is not None:
        return entry, ""
    host, colon, port = entry.rpartition(":")
    return (host, port) if colon and port.isdecimal() else (entry, "")


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
