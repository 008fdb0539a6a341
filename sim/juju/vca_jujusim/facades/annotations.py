"""Annotations of models, machines, applications and units."""

from __future__ import annotations

from vca_jujusim.dispatch import Answer, Call, Json, method
from vca_jujusim.problems import BAD_REQUEST, Refusal


@method("Annotations.Get")
def get(call: Call, params: Json) -> Answer:
    """Read annotations."""
    model = call.model
    found = []
    for entity in params.get("entities") or []:
        tag = str(entity.get("tag") or "")
        for result in call.results([tag], lambda one: {"annotations": dict(model.annotations_of(one))}):
            error = result.pop("error", None)
            found.append({"entity": tag, **result, **({"error": {"error": error}} if error else {})})
    return {"results": found}


@method("Annotations.Set", access="write")
def set_annotations(call: Call, params: Json) -> Answer:
    """Set annotations; an empty value takes one away."""
    model = call.model

    def one(given: Json) -> Json:
        tag = str(given.get("entity") or "")
        held = model.annotations_of(tag)
        for key, value in (given.get("annotations") or {}).items():
            if "." in key:
                raise Refusal(f'cannot update annotations on {tag}: invalid key "{key}"', BAD_REQUEST)
            if value:
                held[key] = value
            else:
                held.pop(key, None)
        model.note_annotations(tag)
        return {}

    return {"results": call.results(params.get("annotations"), one)}
