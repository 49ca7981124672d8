// Made by `npm run generate` from the files of this folder. Do not edit.
import apiservice_ from './apiservice.ts';
import binding_ from './binding.ts';
import certificatesigningrequest_ from './certificatesigningrequest.ts';
import componentstatus_ from './componentstatus.ts';
import customresourcedefinition_ from './customresourcedefinition.ts';
import localsubjectaccessreview_ from './localsubjectaccessreview.ts';
import namespace_ from './namespace.ts';
import node_ from './node.ts';
import nodemetrics_ from './nodemetrics.ts';
import pod_ from './pod.ts';
import podmetrics_ from './podmetrics.ts';
import priorityclass_ from './priorityclass.ts';
import selfsubjectaccessreview_ from './selfsubjectaccessreview.ts';
import selfsubjectreview_ from './selfsubjectreview.ts';
import selfsubjectrulesreview_ from './selfsubjectrulesreview.ts';
import service_ from './service.ts';
import serviceaccount_ from './serviceaccount.ts';
import subjectaccessreview_ from './subjectaccessreview.ts';
import tokenreview_ from './tokenreview.ts';
import type { ResourceHooks } from '../types.ts';

const list: readonly ResourceHooks[] = [
  apiservice_,
  binding_,
  certificatesigningrequest_,
  componentstatus_,
  customresourcedefinition_,
  localsubjectaccessreview_,
  namespace_,
  node_,
  nodemetrics_,
  pod_,
  podmetrics_,
  priorityclass_,
  selfsubjectaccessreview_,
  selfsubjectreview_,
  selfsubjectrulesreview_,
  service_,
  serviceaccount_,
  subjectaccessreview_,
  tokenreview_,
];
export default list;
