"""Studies of `hone run`, seen as tuning jobs by boto3."""

import subprocess

import pytest
from botocore.exceptions import ClientError

from service import HONE, Service


def run_study(folder, name, trials=2):
    (folder / "train.sh").write_text("#!/bin/sh\necho m=1\n")
    (folder / "train.sh").chmod(0o755)
    (folder / f"{name}.yaml").write_text(
        f"study: {name}\ncommand: ./train.sh\nobjective: {{metric: m, goal: maximize}}\n"
        "parameters:\n  x: {type: float, min: 0, max: 1}\n"
        f"max_trials: {trials}\nmax_parallel: 2\nstrategy: random\n"
    )
    subprocess.run([HONE, "run", f"{name}.yaml"], cwd=folder, check=True, capture_output=True)


def names(answer):
    jobs = answer["HyperParameterTuningJobSummaries"]
    return [job["HyperParameterTuningJobName"] for job in jobs]


@pytest.fixture(scope="module")
def sagemaker(tmp_path_factory):
    folder = tmp_path_factory.mktemp("jobs")
    for name in ("ada", "bob", "no_job", "cyd"):
        run_study(folder, name)
    with Service(folder) as service:
        yield service.client("sagemaker")


def test_a_study_is_a_job_with_its_counts(sagemaker):
    (job,) = sagemaker.list_hyper_parameter_tuning_jobs(NameContains="ad")[
        "HyperParameterTuningJobSummaries"
    ]
    assert job["HyperParameterTuningJobArn"] == (
        "arn:aws:sagemaker:us-east-1:000000000000:hyper-parameter-tuning-job/ada"
    )
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["Strategy"] == "Random"
    assert job["TrainingJobStatusCounters"] == {
        "Completed": 2, "InProgress": 0, "RetryableError": 0, "NonRetryableError": 0, "Stopped": 0
    }
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 2, "Pending": 0, "Failed": 0}
    assert job["ResourceLimits"] == {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 2}
    assert job["CreationTime"] <= job["HyperParameterTuningEndTime"]


def test_newest_first_and_sorted_as_asked(sagemaker):
    assert names(sagemaker.list_hyper_parameter_tuning_jobs()) == ["cyd", "bob", "ada"]
    by_name = sagemaker.list_hyper_parameter_tuning_jobs(SortBy="Name", SortOrder="Ascending")
    assert names(by_name) == ["ada", "bob", "cyd"]


def test_pages_neither_repeat_nor_skip(sagemaker):
    pages = list(
        sagemaker.get_paginator("list_hyper_parameter_tuning_jobs").paginate(
            PaginationConfig={"PageSize": 2}
        )
    )
    assert [names(page) for page in pages] == [["cyd", "bob"], ["ada"]]


def test_filters_apply(sagemaker):
    assert names(sagemaker.list_hyper_parameter_tuning_jobs(StatusEquals="Failed")) == []
    (bob,) = sagemaker.list_hyper_parameter_tuning_jobs(NameContains="bob")[
        "HyperParameterTuningJobSummaries"
    ]
    after = sagemaker.list_hyper_parameter_tuning_jobs(CreationTimeAfter=bob["CreationTime"])
    assert "ada" not in names(after) and "cyd" in names(after)


def test_what_the_model_refuses_is_named(sagemaker):
    with pytest.raises(ClientError) as refused:
        sagemaker.list_hyper_parameter_tuning_jobs(MaxResults=101, SortBy="Colour")
    error = refused.value.response["Error"]
    assert error["Code"] == "ValidationException"
    assert "2 validation errors detected" in error["Message"]
    assert "'maxResults'" in error["Message"] and "[Name, Status, CreationTime]" in error["Message"]
