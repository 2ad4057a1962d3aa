"""`nightlatch programme`: its administrators, reviewers, policy and labels; `invitation` and `up` are files beside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from nightlatch.commands.options import ConfigOption
from nightlatch.commands.programme_invitation import invitation
from nightlatch.commands.programme_up import up

if TYPE_CHECKING:
    from nightlatch.domain.label import Labelled
    from nightlatch.domain.view import Promise
    from nightlatch.review.export import ClipExport
    from nightlatch.review.keeper import KeeperStanding
    from nightlatch.review.labels import Labels
    from nightlatch.review.queue import Standing
    from nightlatch.review.roster import ProgrammeChange, Roster
    from nightlatch.review.settings import ReviewSettings

app = typer.Typer(help="The programme: its administrators, reviewers, policy and labels.", no_args_is_help=True)
out = Console(highlight=False)

DataOption = Annotated[Path | None, typer.Option("--data", help="Data folder; default \\[review] data_dir.")]
MINUTES = 24 * 60
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
KeyOption = Annotated[Path, typer.Option("--key", help="Your own key file.")]


# ---- beginning ----------------------------------------------------------------------------------------------------


@app.command()
def key(file: Annotated[Path, typer.Argument(help="Where to put it; only you should be able to read it.")]) -> None:
    """Make a key for yourself, as an administrator, and print its public half."""
    from nightlatch.review.signing import make_key
    from nightlatch.web.signature import public_b64

    out.print(public_b64(make_key(file)), soft_wrap=True)


@app.command()
def init(
    admin: Annotated[list[str], typer.Option("--admin", help="NAME=PUBLIC-KEY; at least two.")],
    key_file: Annotated[Path, typer.Option("--key", help="The programme's own key; made if there is none.")] = Path(
        "programme.key"
    ),
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Begin a programme by naming its administrators, once, and print what belongs in the configuration."""
    from nightlatch.review.roster import Administrator
    from nightlatch.review.signing import make_key, read_key
    from nightlatch.web.signature import public_b64

    programme_key = public_b64(read_key(key_file) if key_file.exists() else make_key(key_file))
    named = tuple(Administrator(rest, name) for name, _, rest in (each.partition("=") for each in admin))
    roster = _roster(review_settings(config_file, data, programme_key=programme_key))
    roster.begin(named)
    keys = ", ".join(f'"{each.key}"' for each in named)
    out.print("The programme has begun. Put this into nightlatch.toml:\n", soft_wrap=True)
    out.print(f'[review]\nprogramme_key = "{programme_key}"\n', markup=False, soft_wrap=True)
    told = f'[keeper]\nprogramme_key = "{programme_key}"\nadministrators = [{keys}]'
    out.print(told, markup=False, soft_wrap=True)


@app.command()
def invite(
    reviewer: Annotated[str | None, typer.Option(help="A reviewer's pseudonym, to add another device.")] = None,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Print a link for one person to make a passkey, once, within three days. Then two administrators sign."""
    settings = review_settings(config_file, data)
    roster = _roster(settings)
    out.print(f"{settings.origin}/#invite={roster.invite(reviewer)}", soft_wrap=True)


# ---- changes that two sign ----------------------------------------------------------------------------------------


@app.command()
def remove(
    credential: Annotated[str, typer.Argument(help="The passkey, as “status” shows it.")],
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Propose removing a passkey."""
    roster = _roster(review_settings(config_file, data))
    out.print(f"Proposed. Two administrators sign it: nightlatch programme sign {roster.propose_removal(credential)}")


@app.command()
def policy(
    quota: Annotated[int | None, typer.Option(help="Looks a day for each reviewer, at most 150.")] = None,
    viewers: Annotated[int | None, typer.Option(help="How many reviewers may ever see one clip.")] = None,
    opens: Annotated[int | None, typer.Option(help="Minute of the day at which the room opens.")] = None,
    closes: Annotated[int | None, typer.Option(help="Minute of the day at which it closes.")] = None,
    quorum: Annotated[
        int | None, typer.Option(help="Witnesses that must have cosigned before anything is shown.")
    ] = None,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Propose a new quota, new hours or a new quorum. The keeper shows nothing while its settings differ."""
    roster = _roster(review_settings(config_file, data))
    now = roster.policy()
    change = roster.propose_policy(
        now.quota if quota is None else quota,
        now.most_viewers if viewers is None else viewers,
        now.opens_minute if opens is None else opens,
        now.closes_minute if closes is None else closes,
        now.quorum if quorum is None else quorum,
    )
    out.print(f"Proposed. Two administrators sign it: nightlatch programme sign {change}")


@app.command()
def sign(
    change: Annotated[str, typer.Argument(help="The change's number.")],
    key_file: KeyOption,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Sign a change as an administrator. With the second signature it is entered into the log and takes effect."""
    from base64 import b64encode

    from nightlatch.review.roster import SIGNERS
    from nightlatch.review.signing import read_key
    from nightlatch.web.signature import public_b64

    settings = review_settings(config_file, data)
    roster = _roster(settings)
    found, own = roster.change(change), read_key(key_file)
    out.print(_in_words(found), markup=False)
    if not yes:
        typer.confirm("Sign this?", abort=True)
    signed = roster.sign(change, public_b64(own), b64encode(own.sign(found.event)).decode())
    if len(signed.signed_by) < SIGNERS:
        out.print(f"Signed by {signed.signed_by[0]}. One more administrator must sign.")
        return
    _make(settings, roster, change)


@app.command()
def make(
    change: Annotated[str, typer.Argument(help="The change's number.")],
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Enter a signed change into the log again, after the log or the keeper was unreachable."""
    settings = review_settings(config_file, data)
    roster = _roster(settings)
    _make(settings, roster, change)


# ---- looking at the work ------------------------------------------------------------------------------------------


@app.command()
def status(config_file: ConfigOption = None, data: DataOption = None) -> None:
    """Show administrators, passkeys, open changes, the policy, and how the labelling is going."""
    from nightlatch.clocks import system_clock
    from nightlatch.review.queue import Queue

    settings = review_settings(config_file, data)
    roster, labels, kept = _roster(settings), _labels(settings), _kept(settings)
    names = ", ".join(each.name for each in roster.administrators())
    out.print(f"administrators  {names or 'none: nightlatch programme init'}")
    out.print(f"policy          {_policy(roster, kept)}", soft_wrap=True)
    out.print(f"keeper          {_keeper(kept)}", markup=False, soft_wrap=True)
    for passkey in roster.passkeys():
        out.print(f"passkey         {passkey.reviewer}, {passkey.device}: {passkey.state}  {passkey.credential}")
    for change in (each for each in roster.changes() if not each.holds):
        signers = ", ".join(change.signed_by) or "nobody"
        out.print(f"change          {change.id}: {_in_words(change)}; signed by {signers}", markup=False)
    stands = Queue(labels.engine, system_clock(), labels).standing(kept.figures.waiting if kept.figures else None)
    out.print(f"clips           {_clips(stands, kept.figures)}", soft_wrap=True)
    labelled = labels.submitted()
    out.print(f"hiding          {_hiding(labelled)}", soft_wrap=True)
    out.print(f"known answers   {stands.honeypots}; give {stands.honeypots_to_give} more for a tenth")
    out.print(f"agreement       {_agreement(labelled)}", soft_wrap=True)
    if settings.log_policy is None:
        out.print("labels          are not held against the log's receipts: set \\[review] log_policy", soft_wrap=True)
    for each in labels.refused():
        out.print(f"refused         the label of view {each.view} ({each.donation}): {each.why}", soft_wrap=True)


@app.command()
def know(
    donation: Annotated[str, typer.Argument(help="A clip that the programme gave itself.")],
    subjects: Annotated[str, typer.Option(help="Who or what is there, separated by commas.")],
    verdict: Annotated[str, typer.Option(help="threat, routine or unsure")],
    happenings: Annotated[str, typer.Option(help="What happens, separated by commas.")] = "",
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Record the known answer of a clip, so that it measures quality. It is drawn like any other."""
    from nightlatch.review.writing import label_of

    labels = _labels(review_settings(config_file, data))
    labels.know(donation, label_of(subjects.split(","), [each for each in happenings.split(",") if each], verdict))
    out.print("Known.")


@app.command("labels")
def labels_(
    form: Annotated[str, typer.Option("--format", help="json, cvat or label-studio")] = "json",
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Print the labels that have a consensus: no clips, and not who labelled them."""
    from nightlatch.errors import ConfigError
    from nightlatch.review import export

    writers = {"json": export.as_json, "cvat": export.as_cvat, "label-studio": export.as_label_studio}
    if form not in writers:
        raise ConfigError(f"Labels can be exported as {', '.join(writers)}. Set --format.")
    labels = _labels(review_settings(config_file, data))
    typer.echo(writers[form](_exported(labels)))
    if refused := labels.refused():
        views = ", ".join(str(each.view) for each in refused)
        typer.echo(f"{len(refused)} labels do not fit the log and are left out (views {views}).", err=True)


# ---- within -------------------------------------------------------------------------------------------------------


def review_settings(config_file: Path | None, data: Path | None, **given: object) -> ReviewSettings:
    from nightlatch import config
    from nightlatch.review.settings import ReviewSettings

    return config.load(config_file).section("review", ReviewSettings, data_dir=data, **given)


def _roster(settings: ReviewSettings) -> Roster:
    from nightlatch.clocks import system_clock
    from nightlatch.review.records import open_records
    from nightlatch.review.roster import Roster

    return Roster(open_records(settings), system_clock(), settings.programme_key, settings.administrators)


def _labels(settings: ReviewSettings) -> Labels:
    from nightlatch.clocks import system_clock
    from nightlatch.review.labels import Labels
    from nightlatch.review.opening import label_proofs
    from nightlatch.review.records import open_records

    return Labels(open_records(settings), system_clock(), label_proofs(settings))


def _make(settings: ReviewSettings, roster: Roster, change: str) -> None:
    from nightlatch.review.opening import open_parts

    parts = open_parts(settings)
    made = roster.make(change, parts.append, parts.keeper)
    breach = parts.keeper.breach()
    out.print(f"Signed by {' and '.join(made.signed_by)}; entry {made.leaf_index} of the log; it holds.")
    if breach is not None:
        out.print(breach, markup=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class KeeperWord:
    """What the keeper says of itself; why it could not be asked, if it could not."""

    figures: KeeperStanding | None
    breach: str | None = None
    silence: str = ""


def _kept(settings: ReviewSettings) -> KeeperWord:
    from nightlatch.errors import NightlatchError
    from nightlatch.review.keeper import Keeper
    from nightlatch.review.opening import read_secret

    try:
        keeper = Keeper(settings.keeper_url, read_secret(settings.keeper_secret, "keeper_secret"))
        return KeeperWord(keeper.standing(), keeper.breach())
    except NightlatchError as error:
        return KeeperWord(None, silence=str(error))


def _policy(roster: Roster, kept: KeeperWord) -> str:
    signed = roster.signed_policy()
    if signed is not None:
        return _promised(signed)
    if kept.figures is not None:
        return "none is signed yet: what the keeper is set to holds"
    return f"none is signed yet: what the keeper is set to holds (without settings, {_promised(roster.policy())})"


def _keeper(kept: KeeperWord) -> str:
    """Its own hours: they hold, whatever was promised."""
    found = kept.figures
    if found is None:
        return f"cannot be asked: {kept.silence}"
    days = "every day" if len(found.weekdays) == len(DAYS) else ", ".join(DAYS[day] for day in found.weekdays)
    hours = f"{_hours(found.opens_minute, found.closes_minute)} {found.zone}"
    if (found.opens_minute, found.closes_minute) == (0, MINUTES):
        hours = "day and night"
    limits = f"{found.quota} looks a day, {found.most_viewers} reviewers a clip at most"
    now = "open now" if found.is_open else "closed now"
    return f"{now}; {hours}, {days}; {limits}. {kept.breach or 'Its settings are those of the policy.'}"


def _clips(stands: Standing, kept: KeeperStanding | None) -> str:
    done = f"{stands.done} have enough, {stands.flagged} were flagged"
    if kept is None:
        return f"{stands.open} of those that were seen here want labels; how many wait, the keeper knows. {done}"
    away = f", {kept.away} of them until their household's hub is back" if kept.away else ""
    return f"{kept.waiting} want labels{away}; {done}"


def _hiding(labelled: Sequence[Labelled]) -> str:
    from nightlatch.review.enough import hiding

    found = hiding(labelled)
    if not found.of_labels:
        return "not known yet: nothing is labelled"
    labels = f"{found.labels} of {found.of_labels} labels say that too much is hidden to say"
    return f"{labels}; that settles {found.clips} of {found.of_clips} clips"


def _agreement(labelled: Sequence[Labelled]) -> str:
    from nightlatch.review.enough import is_comparable

    if not is_comparable(labelled):  # and nothing that counts with arrays is loaded
        return "not known yet: no clip has labels from two reviewers"
    from nightlatch.review import quality

    alpha = quality.alpha(quality.verdicts(labelled))
    told = "not known yet: all verdicts are the same" if math.isnan(alpha) else f"{alpha:.2f}"
    return f"Krippendorff's alpha of the verdicts {told}"


def _promised(policy: Promise) -> str:
    hours = _hours(policy.opens_minute, policy.closes_minute)
    witnesses = "1 witness" if policy.quorum == 1 else f"{policy.quorum} witnesses"
    return f"{policy.quota} looks a day, {policy.most_viewers} reviewers a clip at most, {hours}, {witnesses}"


def _hours(opens_minute: int, closes_minute: int) -> str:
    return " to ".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (opens_minute, closes_minute))


def _in_words(change: ProgrammeChange) -> str:
    from nightlatch.domain.view import read_enrolment, read_promise
    from nightlatch.review.records import ChangeKind

    if change.kind is ChangeKind.POLICY:
        return _promised(read_promise(change.event))
    told = read_enrolment(change.event)
    verb = "let in" if told.do == "enrol" else "remove"
    return f"{verb} {told.reviewer} with the passkey {told.credential[:16]}… on “{told.device}”"


def _exported(labels: Labels) -> list[ClipExport]:
    from nightlatch.review.export import ClipExport
    from nightlatch.review.quality import agreed

    lengths = labels.lengths()
    return [
        ClipExport(each.donation, lengths[each.donation], each.label, each.certainty, each.labels)
        for each in agreed(labels.submitted())
    ]


app.command()(invitation)
app.command()(up)
